"""A training job that reports every step, in F32, and saves often: a program for test_killed.py.

    python killed_training.py cpt runs/0001-cpt/settings.json
"""

import functools
import sys

import services.training.trainer as trainer
from services import jobs
from services.training import device, pace

trainer.train = functools.partial(trainer.train, log_every_s=0)
device.bf16_gain = lambda: 1.0
pace._SAVE_EPOCH_S = 0.0  # every epoch's end is saved

if __name__ == "__main__":
    sys.exit(jobs.child_main(sys.argv[1], sys.argv[2]))
