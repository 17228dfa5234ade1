"""llama.cpp's own server as a process, as a person would start llama-server.

    python llama_cpp_server.py GGUF CONTEXT_TOKENS

Two requests at a time. The address is the first line on stdout; /metrics says what was computed.
"""

import sys
import threading

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path, params.hostnames, params.port = sys.argv[1], ["127.0.0.1"], 0
params.n_parallel, params.n_ctx = 2, 2 * int(sys.argv[2])  # shared by the two
params.kv_unified, params.model_alias = False, ["starter"]
params.ui, params.warmup, params.verbosity, params.endpoint_metrics = False, False, 0, True
for threads in (params.cpuparams, params.cpuparams_batch):
    threads.n_threads, threads.poll = 1, 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
threading.Event().wait()
