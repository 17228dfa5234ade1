"""Wissenswerk: the window, or one sub-command."""

import sys

COMMANDS = (
    "demo", "doctor", "new", "ingest", "chunks", "cpt", "generate", "pull", "pairs", "datasets", "sft", "exam", "export", "chat",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Returns the exit code: 0 done, 1 a sentence for the person, 2 wrong usage, 70 a bug, 130 stopped."""
    from services.machine import be_quiet

    be_quiet()
    if arguments[:1] == ["--job"]:
        from services.jobs import child_main

        return child_main(arguments[1], arguments[2])
    if arguments[:1] == ["--launch"]:
        from services.training.launch import launch

        return launch(int(arguments[1]), arguments[2:])
    if arguments[:1] == ["--reader"]:
        from services.documents.reading import serve

        return serve()
    if arguments[:1] == ["--version"]:
        from services import __version__

        print(f"Wissenswerk {__version__}")
        return 0
    if arguments and (arguments[0] in COMMANDS or arguments[0] in ("-h", "--help") or len(arguments) > 1):
        from services.command_line import main as run_command

        return run_command(arguments)
    try:
        from gui.app import open_window
    except ImportError as error:  # a system library that Qt needs is missing
        print(f"The window cannot be shown: {error}. “python3 packaging/start.py doctor” installs what is missing.", file=sys.stderr)
        return 1
    return open_window(arguments[0] if arguments else None)


def run() -> None:
    """The installed command."""
    if sys.argv[1:2] == ["ingest"]:
        from services.documents.reader_start import start_ahead

        start_ahead()
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    if getattr(sys, "frozen", False):
        import multiprocessing

        multiprocessing.freeze_support()
    run()
