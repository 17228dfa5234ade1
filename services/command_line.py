"""The command line: every phase without a window. Results go to stdout, progress to stderr."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from services import settings
from services.errors import Cancelled, UserError
from services.jobs import Child, ChildDied, Context, run_here
from services.knowledge_base.pairs import USABLE_STATES
from services.project import Project, projects_folder
from services.rank import ProcessLost, is_first_process, process_count, tell_launcher
from services.terminal import Reporter
from services.translation import _, ngettext

DONE, FAILED, WRONG_USAGE, BUG, STOPPED = 0, 1, 2, 70, 130

Result = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Run one sub-command; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    reporter = Reporter()
    cancelled = threading.Event()
    stop = _stop_on_signal(cancelled, reporter)
    try:
        result, text = options.command(options, reporter, cancelled)
    except NothingRead as error:
        _print(options, error.result, error.text)
        return _leave(reporter, FAILED, str(error))
    except UserError as error:
        return _leave(reporter, FAILED, str(error), is_cause=not isinstance(error, ProcessLost))
    except (Cancelled, KeyboardInterrupt):
        return _leave(reporter, STOPPED, _("Stopped."), is_cause=False)
    except BrokenPipeError:
        return DONE
    except OSError as error:
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            return _leave(reporter, FAILED, _("There is no room left on the disk. Free some space and start again."))
        return _leave(reporter, BUG, traceback.format_exc())
    except Exception:
        return _leave(reporter, BUG, traceback.format_exc())
    finally:
        stop()
    reporter.finish()
    if is_first_process():
        _print(options, result, text)
    return DONE


class NothingRead(UserError):
    """No file of an ingest could be read. Which and why is a result all the same.

    result, text: as a command gives them.
    """

    def __init__(self, sentence: str, result: Result, text: str) -> None:
        super().__init__(sentence)
        self.result, self.text = result, text


def _print(options: argparse.Namespace, result: Result, text: str) -> None:
    print(json.dumps(result, ensure_ascii=False) if options.json else text, flush=True)


def _leave(reporter: Reporter, code: int, text: str, *, is_cause: bool = True) -> int:
    # Of several processes the first one speaks for all; another one only of what it caused.
    if is_first_process() or is_cause:
        reporter.line(text)
    tell_launcher(text, is_cause=is_cause)
    return code


def _stop_on_signal(cancelled: threading.Event, reporter: Reporter) -> Callable[[], None]:
    """The first Ctrl+C asks the work to save and stop, the second one ends it."""

    def ask(number: int, _frame: object) -> None:
        if cancelled.is_set():
            if process_count() > 1:
                return  # a launcher that stops says it more than once, and ends what does not leave
            raise KeyboardInterrupt
        cancelled.set()
        if is_first_process():
            reporter.line(_("Saving and stopping. Press Ctrl+C again to stop at once."))

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help=_("print the result as one JSON object"))
    parser = argparse.ArgumentParser(
        prog="main.py", description=_("From your documents to your own language model, on your own machine. "
                                      "Without a sub-command: the window."),
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[..., tuple[Result, str]], help: str, has_project: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, parents=[common], help=help, description=help)
        sub.set_defaults(command=command, parser=sub)
        if has_project:
            sub.add_argument("project", metavar="PROJECT", help=_("a folder, or a name under projects/"))
        return sub

    sub = add("demo", _demo, _("all four phases on the sample documents with the starter model"), False)
    sub.add_argument("--project", metavar="DIR", help=_("where the demo's project is made"))
    add("doctor", _doctor, _("what this machine can do, what is missing, and the command that mends it"), False)
    add("new", _new, _("make a project"))
    sub = add("ingest", _ingest, _("read documents into the knowledge base"))
    sub.add_argument("paths", metavar="PATH", nargs="+", help=_("files and folders"))
    settings.add_options(sub, "ingest")
    sub = add("chunks", _chunks, _("list or search the chunks"))
    sub.add_argument("--search", metavar="TEXT", default="")
    sub.add_argument("--limit", metavar="N", type=int, default=20)
    sub = add("cpt", _cpt, _("phase 2: teach the base model what the documents say"))
    sub.add_argument("--base-model", metavar="NAME_OR_FOLDER", help=_("“starter” is the built-in one; needed to begin"))
    settings.add_options(sub, "cpt")
    sub.add_argument("--resume", action="store_true", help=_("go on from the last checkpoint"))
    _add_travel(sub)
    sub = add("generate", _generate, _("phase 3: make question-answer pairs from the chunks"))
    sub.add_argument("--dataset", metavar="NAME", default="sft_data")
    settings.add_options(sub, "generate")
    sub.add_argument("--renew", action="store_true", help=_("only from chunks that were edited, in place of their old pairs that nobody has judged"))
    sub.add_argument("--retry", action="store_true", help=_("ask again only what came to nothing, as it was asked the last time"))
    sub = add("pull", _pull, _("get a model for Ollama"), False)
    sub.add_argument("model", metavar="NAME", help=_("as Ollama's library has it, for instance llama3.1:8b"))
    sub.add_argument("--url", metavar="URL", default="", help=_("where Ollama listens; without it, this machine"))
    sub = add("pairs", _pairs, _("count, import or export the pairs of a dataset"))
    sub.add_argument("--dataset", metavar="NAME", default="sft_data")
    sub.add_argument("--import", dest="import_file", metavar="FILE", help=_("JSON, JSON lines, CSV or TSV; told from what is in it"))
    sub.add_argument("--export", dest="export_file", metavar="FILE")
    sub.add_argument("--format", choices=("pairs", "chat"), default="pairs", help=_("of the export: instruction and output, or messages"))
    sub.add_argument(
        "--which", choices=("in-use", "reviewed", "left-out"), default="in-use",
        help=_("of the export: the pairs to train on, of these only the accepted and edited ones, or those that were left out"),
    )  # fmt: skip
    sub = add("datasets", _datasets, _("list the datasets; begin, copy, rename or delete one, or bring it back"))
    group = sub.add_mutually_exclusive_group()
    group.add_argument("--new", metavar="NAME", help=_("begin an empty one"))
    group.add_argument("--copy", metavar=("NAME", "COPY"), nargs=2, help=_("begin one with the same pairs"))
    group.add_argument("--rename", metavar=("NAME", "NEW"), nargs=2)
    group.add_argument("--delete", metavar="NAME", help=_("it can be brought back for thirty days"))
    group.add_argument("--restore", metavar="NAME", help=_("bring back the one of this name that was deleted last"))
    sub = add("sft", _sft, _("phase 4: teach the CPT model how to answer"))
    sub.add_argument("--dataset", metavar="NAME", default="sft_data")
    sub.add_argument("--name", metavar="NAME", default="final", help=_("the name of the new model"))
    settings.add_options(sub, "sft")
    sub.add_argument("--resume", action="store_true", help=_("go on from the last checkpoint"))
    _add_travel(sub)
    sub = add("exam", _exam, _("ask the models questions about the documents (not there yet)"))
    sub.add_argument("--questions", metavar="FILE.jsonl")
    sub.add_argument("--models", default="base,cpt,final")
    sub = add("export", _export, _("write a model for other programs"))
    settings.add_options(sub, "export", without=("format",))
    sub.add_argument("--format", required=True, choices=settings.declared("export", "format").choices)
    sub.add_argument("--model", default="final")
    sub.add_argument("--to", metavar="DIR", default="")
    sub.add_argument("--ollama", metavar="NAME", help=_("not there yet"))
    sub = add("chat", _chat, _("talk to a model of the project"))
    sub.add_argument("--model", metavar="base|cpt|final|NAME", default="final")
    sub.add_argument("--prompt", metavar="TEXT", help=_("ask once and leave; without it, a conversation"))
    sub.add_argument("--rag", action="store_true", help=_("not there yet"))
    settings.add_options(sub, "chat")
    return parser


def _add_travel(sub: argparse.ArgumentParser) -> None:
    """The options of a training that runs on another machine."""
    sub.add_argument("--pack", metavar="DIR", help=_("do not train here: write a folder that trains on another machine"))
    sub.add_argument("--with-base", action="store_true", help=_("with --pack: take the base model's files along"))
    sub.add_argument("--cards", metavar="N", type=int, default=1, help=_("with --pack: graphics cards of each machine"))
    sub.add_argument("--bring-back", metavar="ZIP_OR_DIR", help=_("take in what such a folder has come to"))


def _open(options: argparse.Namespace) -> Project:
    return Project.open(Project.find(options.project))


def _run(
    name: str, project: Project, values: Result, reporter: Reporter, cancelled: threading.Event, has_run: bool = True
) -> Result:
    """Run a job of a project in this process, with a folder for the run."""
    values = {"project": str(project.folder), **values}
    folder = project.start_run(name, values) if has_run and is_first_process() else None
    try:
        if (values.get("processes") or 1) > 1 and process_count() == 1:
            from services.training.restart import TrainingChild

            return TrainingChild(name, values, folder).run(reporter, cancelled)
        if values.get("provider") == "llama-cpp":  # what a model file breaks in llama.cpp, it breaks there
            return _run_apart(name, values, reporter, cancelled, folder)
        return run_here(name, values, reporter, cancelled, folder)
    finally:
        reporter.finish()


def _run_apart(
    name: str, values: Result, reporter: Reporter, cancelled: threading.Event, folder: Path | None
) -> Result:
    try:
        return Child(name, values, folder).run(reporter, cancelled)
    except ChildDied as error:
        if not error.code:  # a bug of ours
            raise
        raise UserError(
            _("llama.cpp broke off with this model file: {reason} What was made until then is kept; try another file.").format(
                reason=str(error).splitlines()[0]
            )
        ) from error


def _demo(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    from services.demo import in_words, run

    folder = Path(options.project).expanduser() if options.project else projects_folder() / "demo"
    result = run({"project": str(folder)}, Context(reporter, cancelled))
    return result, in_words(result)


def _doctor(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    from services.machine import examine

    findings = examine()
    marks = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}
    lines = [f"{marks[each.state]} {each.subject}: {each.text}" + (f"\n          {each.mend}" if each.mend else "") for each in findings]
    return {
        "findings": [{"subject": each.subject, "state": each.state, "text": each.text, "mend": each.mend} for each in findings]
    }, "\n".join(lines)


def _new(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    project = Project.create(Project.find(options.project))
    return {"project": str(project.folder), "name": project.name}, _("Made {folder}.").format(folder=project.folder)


def _ingest(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    values = {**settings.from_options("ingest", options), "paths": [str(Path(path).absolute()) for path in options.paths]}
    result = _run("ingest", _open(options), values, reporter, cancelled)
    fates = result["documents"]
    lines = [f"{fate['state']:>10}  {fate['source']}" + (f": {fate['reason']}" if fate["reason"] else "") for fate in fates]
    text = "\n".join([*lines, _("{count} chunks in the knowledge base.").format(count=result["chunks"])])
    if all(fate["state"] == "failed" for fate in fates):
        sentence = ngettext(
            "The file could not be read: mend what is said of it, and add it again.",
            "None of the {n} files could be read: mend what is said of them, and add them again.", len(fates),
        ).format(n=len(fates))  # fmt: skip
        raise NothingRead(sentence, result, text)
    return result, text


def _chunks(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    with _open(options).connect(is_read_only=True) as knowledge_base:
        total = len(knowledge_base.chunk_ids(options.search))
        found = knowledge_base.search_chunks(options.search, max(0, options.limit))
    rows = [
        {"id": chunk.id, "content": chunk.content, "source": chunk.source, "chunk_index": chunk.chunk_index,
         "metadata": chunk.metadata}
        for chunk in found
    ]  # fmt: skip
    lines = [f"{chunk.id:>6}  {chunk.source} [{chunk.chunk_index}]  {' '.join(chunk.content.split())[:100]}" for chunk in found]
    return {"chunks": rows, "total": total}, "\n".join([*lines, _("{total} chunks.").format(total=total)])


def _cpt(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    return _train("cpt", options, {"base_model": options.base_model}, reporter, cancelled)


def _train(
    phase: str, options: argparse.Namespace, what: Result, reporter: Reporter, cancelled: threading.Event
) -> tuple[Result, str]:
    """Train here, or let it be done elsewhere.

    Args:
        what: is trained on what.
    """
    from services.training.session import resumable_step
    from services.training.travel import pack_result, read_job, settle

    project = _open(options)
    if options.bring_back:
        result = _run("bring-back", project, {"from": options.bring_back}, reporter, cancelled, has_run=False)
        return result, _("Run {run:04d}: {steps} steps, loss {loss:.3f}. The model is in {model}.").format(**result)
    job = read_job(project.folder)
    if phase == "cpt" and not (options.base_model or options.resume or job):
        options.parser.error(_("the following arguments are required: --base-model"))
    values = settings.from_options(phase, options, is_complete=not options.resume and job is None)
    if options.pack:
        more = {"phase": phase, "to": options.pack, "with_base": options.with_base, "cards": options.cards}
        result = _run("pack", project, {**values, **what, **more}, reporter, cancelled, has_run=False)
        return result, _("{leaves} What to do there stands in {path}/README.md.").format(**result)
    if job:
        settle(project.folder, job)
        if job.phase != phase:
            raise UserError(_("This folder is for “{phase}”.").format(phase=job.phase))
        if not (options.resume and resumable_step(project, phase, job.name) is not None):
            values = {**job.settings, **values}
        known = {"base_model": job.base_path(project.folder), "dataset": job.dataset, "name": job.name}
        what = {key: what[key] if key == "base_model" and what[key] else known[key] for key in what}
    result = _run(phase, project, {**values, **what, "resume": options.resume}, reporter, cancelled)
    if job and is_first_process():
        pack_result(project.folder, job)
    return result, _("{steps} steps, loss {loss:.3f}. The model is in {model}.").format(**result)


def _generate(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    project = _open(options)
    values = {**settings.from_options("generate", options), "dataset": options.dataset, "renew": options.renew}
    if options.retry:
        values |= _as_last_time(project, options)
    result = _run("generate", project, values, reporter, cancelled)
    lines = [_("{pairs} pairs in “{dataset}”.").format(pairs=result["pairs"], dataset=result["dataset"])]
    lines += [f"{count:>6}  {reason}" for reason, count in result["rejected"].items()]
    lines += [_("{count:>6}  missing: {reason}").format(count=count, reason=reason) for reason, count in result["missing"].items()]
    lines += [_("chunk {chunk}: {reason}").format(**failure) for failure in result["failed"]]
    return result, "\n".join(lines)


def _as_last_time(project: Project, options: argparse.Namespace) -> Result:
    """The settings of a retry: those of the dataset's last run, with what is said now, in a style that has failures."""
    from services.sft_data.report import retry_style

    said = settings.from_options("generate", options, is_complete=False)
    last = next((run.settings for run in project.runs("generate") if run.settings.get("dataset") == options.dataset), {})
    known = {setting.key: last[setting.key] for setting in settings.PHASES["generate"] if setting.key in last}
    values = settings.check("generate", {**known, **said})
    with project.connect(is_read_only=True) as knowledge_base:
        if not any(failure.kind != "verdict" for failure in knowledge_base.failures(options.dataset)):
            raise UserError(_("Nothing of “{dataset}” came to nothing: there is nothing to ask again.").format(dataset=options.dataset))
        style = said.get("style") or retry_style(knowledge_base, options.dataset, values["style"])
    return {**values, "style": style, "retry": True}


def _pull(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    try:
        result = run_here("pull", {"model": options.model, "url": options.url}, reporter, cancelled)
    finally:
        reporter.finish()
    return result, _("Ollama has “{model}” now.").format(**result)


def _pairs(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    from services.sft_data.jsonl import export_pairs
    from services.sft_data.pair_import import import_pairs

    project = _open(options)
    with project.connect(is_read_only=True) as knowledge_base:
        options.dataset = knowledge_base.spelling_of(options.dataset)
    warnings: list[str] = []
    if options.import_file:
        warnings = import_pairs(project, options.dataset, Path(options.import_file).expanduser(), cancelled).warnings
        for warning in warnings:
            reporter.line(warning)
    if options.export_file:
        path = Path(options.export_file).expanduser()
        export_pairs(project, options.dataset, path, is_chat=options.format == "chat", which=options.which)
    with project.connect(is_read_only=True) as knowledge_base:
        pairs = knowledge_base.pairs(knowledge_base.pair_ids(options.dataset, USABLE_STATES))
    items = [{"instruction": pair.instruction, "output": pair.output, "style": pair.style, "state": pair.state,
              "source": pair.source} for pair in pairs]  # fmt: skip
    text = _("{count} pairs in “{dataset}”.").format(count=len(pairs), dataset=options.dataset)
    return {"pairs": len(pairs), "dataset": options.dataset, "items": items, "skipped": warnings}, text


def _datasets(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    from services.sft_data import dataset

    def aside(path: Path) -> None:
        reporter.line(_("A file of that name was there, or had been changed by hand: it is now {path}.").format(path=path))

    project, said = _open(options), ""
    dataset.purge_datasets(project)
    if options.new:
        dataset.make_dataset(project, options.new)
    elif options.copy:
        dataset.copy_dataset(project, *options.copy, aside=aside)
    elif options.rename:
        dataset.rename_dataset(project, *options.rename, aside=aside)
    elif options.delete:
        dataset.delete_dataset(project, options.delete, aside=aside)
        said = _("“{dataset}” is deleted. For {days} days, --restore brings it back.").format(
            dataset=options.delete, days=dataset.DAYS_KEPT
        )
    with project.connect() as knowledge_base:
        if options.restore:
            deleted = next((row for row in knowledge_base.deleted_datasets() if row.name == options.restore), None)
            if deleted is None:
                raise UserError(_("No deleted dataset was called “{dataset}”.").format(dataset=options.restore))
            said = _("“{dataset}” is back.").format(dataset=dataset.restore_dataset(project, deleted.key, aside=aside))
        rows, gone = knowledge_base.datasets(), knowledge_base.deleted_datasets()
    lines = [_("{pairs:>8,} pairs  {name}").format(pairs=row.pairs, name=row.name) for row in rows]
    lines += [_("{pairs:>8,} pairs  {name}, deleted {when}").format(pairs=row.pairs, name=row.name, when=row.deleted_at) for row in gone]
    return {
        "datasets": [row._asdict() for row in rows],
        "deleted": [{"name": row.name, "pairs": row.pairs, "deleted_at": row.deleted_at} for row in gone],
    }, "\n".join([*lines, *([said] if said else [])]) or _("No datasets yet.")  # fmt: skip


def _sft(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    return _train("sft", options, {"dataset": options.dataset, "name": options.name}, reporter, cancelled)


def _exam(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    raise UserError(_("The exam is not there yet; “demo” compares the base model with the final one on the sample."))


def _export(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    if options.ollama:
        raise UserError(_("Export into Ollama is not there yet: export a GGUF and use “ollama create” with its file."))
    values = {**settings.from_options("export", options), "model": options.model, "to": options.to}
    result = _run("export", _open(options), values, reporter, cancelled)
    return result, _("Written: {path}").format(path=result["path"])


def _chat(options: argparse.Namespace, reporter: Reporter, cancelled: threading.Event) -> tuple[Result, str]:
    if options.rag:
        raise UserError(_("Chat with the documents beside it (--rag) is not there yet; leave --rag out."))
    project = _open(options)
    values = {**settings.from_options("chat", options), "model": options.model}
    if options.prompt is not None:
        result = _run("chat", project, {**values, "prompt": options.prompt}, reporter, cancelled, has_run=False)
        return result, result["answer"]
    if options.json or not sys.stdin.isatty():
        raise UserError(_("A conversation needs a terminal. Ask one question with --prompt."))
    from services.models.chat import converse

    return converse(project, values, cancelled), ""
