"""Jobs that behave and misbehave, for the tests of what runs them."""

import ctypes
import os
import sys
import threading
import time

from services.errors import MemoryFull, UserError


def count(settings, context):
    """Says everything that a job can say, while a library prints to stdout."""
    for number in range(settings["to"]):
        context.check()
        print("a library prints", number)
        context.progress(number + 1, settings["to"], "counting")
    os.write(1, b"and one writes to descriptor 1\n")
    context.metric(1, loss=2.5)
    context.warning("a.pdf", "is empty")
    context.changed("chunk")
    context.token("Grüße 🦉")
    return {"counted": settings["to"], "secret": os.environ.get("SECRET", "")}


def refuse(settings, context):
    raise UserError("The file is empty.")


def second_refuses(settings, context):
    """Under a launcher: the second process gives up, and the first one finds that out when it waits for it."""
    if os.environ["RANK"] == "1":
        raise (MemoryFull if settings["is_full"] else UserError)("The second card is full.")
    from services.rank import ProcessLost

    context.cancelled.wait()  # the launcher ends it
    raise ProcessLost


def stumble(settings, context):
    raise ZeroDivisionError("one over none")


def crash(settings, context):
    print("last words on stderr", file=sys.stderr, flush=True)
    context.metric(7, loss=1.0)
    ctypes.string_at(0)


def wait(settings, context):
    """Until it is told to stop; then it saves and leaves."""
    context.progress(0, 0, "waiting")
    while not context.cancelled.wait(0.02):
        pass
    if settings.get("saves_to"):
        with open(settings["saves_to"], "w") as file:
            file.write("saved")
    context.check()


def be_deaf(settings, context):
    """Never listens, and has a child of its own."""
    import subprocess

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    context.said({"type": "progress", "done": 0, "total": 0, "text": str(child.pid)})
    while True:
        time.sleep(0.05)


def hang_after(settings, context):
    """Says its last word and does not end: a thread that is not a daemon keeps the process."""
    threading.Thread(target=time.sleep, args=(300,)).start()
    return {"said": True}


def echo(settings, context):
    """Answers prompts until it hears an interrupt."""
    while True:
        command = context.commands.get()
        if command["type"] == "interrupt":
            return {}
        context.token(command["text"])
