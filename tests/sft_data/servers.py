"""A language model's server as a real process: speaks the published protocols, and misbehaves on purpose.

    python servers.py PROTOCOL LOG MODE [MODE ...]

PROTOCOL is "ollama" or "openai" (OpenAI's chat completions with OpenRouter's /key). Every chat request takes the next
mode; the last one stays. The address is the first line on stdout; requests are logged as JSON lines.

Protocols: https://github.com/ollama/ollama/blob/main/docs/api.md, https://platform.openai.com/docs/api-reference/chat,
https://openrouter.ai/docs/api-reference/errors
"""

import itertools
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROTOCOL, LOG, MODES = sys.argv[1], sys.argv[2], sys.argv[3:]
MODELS = ["llama3.1:8b", "qwen3:latest", "meta/llama-3.3-70b", "gpt-oss:120b-cloud"]

PRICE = {"prompt": "0.00001", "completion": "0.00002"}  # US dollars a token, of the model priced/large

requests_seen = itertools.count()
spent: list[float] = []
begun: set[str] = set()  # models that somebody began to pull
verdicts_given = itertools.count()
lock = threading.Lock()


def pairs_about(prompt: str, count: int) -> list[dict[str, Any]]:
    """Grounded pairs from the sentences "The X of Y was built in YEAR by NAME." between <text> and </text>."""
    text = re.search(r"<text>(.*?)</text>", prompt, re.DOTALL)
    facts = re.findall(r"(The [\w ]+ of \w+) was built in (\d+) by ([\w ]+)\.", text[1] if text else prompt)
    known = prompt.partition("exist already")[2]
    made = []
    for thing, year, builder in facts:
        thing = thing[0].lower() + thing[1:]
        for question, answer, others in (
            (f"When was {thing} built?", f"It was built in {year}.", ["It was built in 1400.", "It was built in 1401.", "It was built in 1402."]),
            (
                f"Who built {thing}?",
                f"{thing[0].upper()}{thing[1:]} was built by {builder}.",
                [f"{thing[0].upper()}{thing[1:]} was built by {name}." for name in ("Ida Lux", "Jo Karn", "Kai Rem")],
            ),
        ):
            if question not in known:
                made.append({"question": question, "answer": answer, "options": [answer, *others]})
    if "Ask about these facts" in prompt:  # one question for each fact before a second one
        made = made[::2] + made[1::2]
    return made[:count]


def styled_pairs(prompt: str, count: int) -> list[dict[str, Any]] | None:
    """Pairs in the style that is asked for, where it is none of the plain ones."""
    texts = re.findall(r"<text>(.*?)</text>", prompt, re.DOTALL)
    found = [re.findall(r"The ([\w ]+ of \w+) was built in (\d+) by ([\w ]+)\.", text) for text in texts]
    known = prompt.partition("exist already")[2]
    made = []
    if "take something for granted" in prompt:
        for thing, year, builder in found[0]:
            made.append((f"Why was the {thing} built in 1999?", f"It was not built in 1999 but in {year}."))
            made.append((f"Why did Ida Lux build the {thing}?", f"She did not: the {thing} was built by {builder}."))
    elif "that the text does not answer" in prompt:
        for thing, _year, _builder in found[0]:
            made.append((f"How much did the {thing} cost?", f"The documents do not say how much the {thing} cost."))
            made.append((f"Which colour has the {thing}?", f"The documents do not say which colour the {thing} has."))
    elif "both texts below" in prompt:
        for (one, year, builder), (other, later, mason) in zip(*found):
            older = one if int(year) < int(later) else other
            made.append((f"Which is older, the {one} or the {other}?",
                         f"The {one} was built in {year} and the {other} in {later}, so the {older} is older."))  # fmt: skip
            made.append((f"Who built the {one} and who built the {other}?",
                         f"{builder} built the {one}, and {mason} built the {other}."))  # fmt: skip
    else:
        return None
    return [{"question": question, "answer": answer} for question, answer in made if question not in known][:count]


def facts_about(prompt: str) -> str:
    """The same sentences as facts with their evidence."""
    text = re.search(r"<text>(.*?)</text>", prompt, re.DOTALL)
    found = re.findall(r"The [\w ]+ of \w+ was built in \d+ by [\w ]+\.", text[1] if text else "")
    return json.dumps({"facts": [{"fact": fact, "evidence": fact.rstrip(".")} for fact in found]})


def tagged(pair: dict[str, Any]) -> str:
    if "options" not in pair:
        return f"Q: {pair['question']}\nA: {pair['answer']}"
    options = "\n".join(f"{letter}) {option}" for letter, option in zip("ABCD", pair["options"]))
    return f"Q: {pair['question']}\n{options}\nANSWER: A"


def reply(mode: str, prompt: str) -> tuple[str, bool]:
    """What the model writes, and whether it was cut."""
    if prompt.startswith("You check whether"):
        return ("NO. It says Wednesday." if mode == "judged" and next(verdicts_given) == 0 else "**Yes**, it follows."), False
    count = int((re.search(r"Write (\d+)", prompt) or ["", "3"])[1])
    pairs = pairs_about(prompt, 12 if mode == "many" else count)
    if "multiple-choice" not in prompt:
        pairs = [{"question": pair["question"], "answer": pair["answer"]} for pair in pairs]
    if (styled := styled_pairs(prompt, 12 if mode == "many" else count)) is not None and mode != "answered":
        pairs = styled
    if mode == "answered":  # what the text says very well
        pairs = [{**pair, "answer": f"The documents do not say it: {pair['question']}"} for pair in pairs]
    if "between a learner and a tutor" in prompt and mode == "good":
        mode = "turns"
    if "between a learner and a tutor" in prompt and mode == "tags":
        spoken = [f"L: {pair['question']}\nT: What stands over its door?\nL: A year.\nT: {pair['answer']}" for pair in pairs]
        return "\n---\n".join(spoken), False
    text = json.dumps({"pairs": pairs})
    if "List every fact" in prompt:
        text = facts_about(prompt)
        if mode in ("many", "judged", "tags", "turns", "answered"):
            mode = "good"
    match mode:
        case "think":
            return f'<think>Let me see: {{"pairs": []}} ...</think>\n{text}', False
        case "only-think":
            return "<think>Hmm, where to begin", True
        case "fenced":
            return f"Here you are:\n```json\n{json.dumps({'pairs': pairs}, indent=2)}\n```\nEnjoy!", False
        case "commas":
            return text.replace("}", ",}").replace("]", ",]"), False
        case "cut":
            return text[: text.rindex('"answer"') + 14] if text.count('"answer"') > 1 else text[:12], True
        case "tags":
            return "\n\n".join(tagged(pair) for pair in pairs), False
        case "turns":
            spoken = [[pair["question"], "What stands over its door?", "A year, I think.", pair["answer"]] for pair in pairs]
            turns = [[{"speaker": who, "text": text} for who, text in zip(["learner", "tutor"] * 2, four)] for four in spoken]
            return json.dumps({"pairs": [{"turns": four} for four in turns]}), False
        case "prose":
            return "I would be glad to help you with your reading.", False
        case "empty":
            return "", False
        case "wrong-schema":
            return '{"title": "Harbours", "tags": ["a", "b"]}', False
        case "invent":
            return json.dumps({"pairs": [
                {"question": "When was the moon of Norrholm painted?", "answer": "It was painted in 2047."},
                {"question": "According to the text, who built it?", "answer": "Somebody built it."},
            ]}), False  # fmt: skip
        case "not-text":
            return json.dumps(
                {"pairs": [{"question": "Who \ud800 built it all?", "answer": "The harbour\ud800 did."}]}
            ), False
    return text, False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/api/tags":
            self.answer(200, {"models": [{"name": model, "model": model, "size": 1} for model in MODELS]})
        elif self.path.endswith("/models"):
            rows = [{"id": model, "object": "model"} for model in MODELS]
            priced = {"id": "priced/large", "pricing": PRICE, "context_length": 131072,
                      "supported_parameters": ["structured_outputs"]}
            free = {"id": "priced/free", "pricing": {"prompt": "0", "completion": "0"}, "context_length": 8192,
                    "supported_parameters": ["tools"]}  # fmt: skip
            self.answer(200, {"object": "list", "data": [*rows, priced, free]})
        elif self.path.endswith("/bill"):
            self.answer(200, {"spent": sum(spent)})
        elif self.path.endswith("/key"):
            is_good = self.headers.get("Authorization") == "Bearer sk-or-good"
            if is_good:
                self.answer(200, {"data": {"label": "test", "limit_remaining": 1.0}})
            else:
                self.answer(401, {"error": {"code": 401, "message": "No auth credentials found sk-or-bad"}})
        else:
            self.answer(404, {"error": "not found"})

    def pull(self, model: str) -> None:
        """As Ollama gets a model: a line for each step, and what was got before is not got again."""
        with open(LOG, "a") as log:
            log.write(json.dumps({"pull": model}) + "\n")
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

        def say(**line: Any) -> None:
            self.wfile.write(json.dumps(line).encode() + b"\n")
            self.wfile.flush()

        say(status="pulling manifest")
        if model.startswith("unknown"):
            return say(error="pull model manifest: file does not exist")
        total = 4_000_000
        with lock:
            is_first = model not in begun
            begun.add(model)
        for done in range(0 if is_first else total // 2, total + 1, total // 4):
            say(status="pulling 6a0746a1ec1a", digest="sha256:6a", total=total, completed=done)
            if is_first and done == total // 2 and model.startswith("cut"):
                return None
            if is_first and done == total // 2 and model.startswith("slow"):
                for _ in range(600):  # until the other side has gone
                    time.sleep(0.1)
                    say(status="pulling 6a0746a1ec1a", digest="sha256:6a", total=total, completed=done)
        MODELS.append(model)
        say(status="verifying sha256 digest")
        return say(status="success")

    def do_POST(self) -> None:  # noqa: RET503
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/pull":
            return self.pull(body["model"])
        with lock:
            number = next(requests_seen)
            mode = MODES[min(number, len(MODES) - 1)]
            with open(LOG, "a", encoding="utf-8") as log:
                log.write(
                    json.dumps({"path": self.path, "mode": mode, "body": body, "headers": dict(self.headers)}) + "\n"
                )
        prompt = "\n".join(message["content"] for message in body["messages"])
        match mode:
            case "429":
                return self.answer(429, self.error(429, "slow down"), {"Retry-After": "0"})
            case "429-bare":
                return self.answer(429, self.error(429, "slow down"))
            case "not-json":
                return self.answer(200, '{"choices": [{"message": {"content": "half')
            case "429-date":
                return self.answer(429, self.error(429, "slow down"), {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
            case "429-long":
                return self.answer(429, self.error(429, "daily limit reached"), {"Retry-After": "86400"})
            case "500" | "401" | "402" | "403" | "404" | "503":
                return self.answer(int(mode), self.error(int(mode), f"status {mode}"))
            case "no-model":
                return self.answer(404, {"error": f"model '{body['model']}' not found"})
            case "no-thinking" if "think" in body:
                return self.answer(400, {"error": f'"{body["model"]}" does not support thinking'})
            case "no-schema" if "response_format" in body:
                return self.answer(400, {"error": {"message": "response_format.type json_schema is not supported"}})
            case "no-host" if "provider" in body:
                return self.answer(
                    404,
                    {"error": {"code": 404, "message": "No endpoints found that can handle the requested parameters."}},
                )
            case "no-max-tokens" if "max_tokens" in body:
                return self.answer(
                    400,
                    {"error": {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}},
                )
            case "error-200":
                return self.answer(
                    200, {"error": {"code": 502, "message": "Provider returned error", "metadata": {"raw": "boom"}}}
                )
            case "html":
                return self.answer(200, "<html><body>Welcome to your router</body></html>")
            case "hang":
                while True:  # until the client has gone and the process is ended
                    time.sleep(60)
            case "drop":
                self.close_connection = True
                return self.connection.close()
            case "die":
                sys.stdout.flush()
                import os

                os._exit(1)
            case "slow":
                time.sleep(0.05)
        text, is_cut = reply(mode, prompt)
        words = len(prompt.split())
        if PROTOCOL == "ollama":
            self.stream(body["model"], text, is_cut, words, mode)
        else:
            # "dear": as many tokens as there can be; "many-tokens": more than anybody would think.
            read, written = (len(prompt) // 3, body["max_tokens"]) if mode == "dear" else (words, 9)
            read = 2 * len(prompt) if mode == "many-tokens" else read
            usage: dict[str, Any] = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
            if body["model"] == "priced/large":
                usage["cost"] = read * float(PRICE["prompt"]) + written * float(PRICE["completion"])
                spent.append(usage["cost"])
            self.answer(200, {
                "id": "x", "object": "chat.completion", "model": body["model"],
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                             "finish_reason": "length" if is_cut else "stop"}],
                "usage": usage,
            })  # fmt: skip

    def stream(self, model: str, text: str, is_cut: bool, words: int, mode: str) -> None:
        """Ollama's answer: a JSON object per line, the last one with the counts."""
        lines: list[dict[str, Any]] = [
            {"model": model, "message": {"role": "assistant", "content": text[at : at + 40]}, "done": False}
            for at in range(0, len(text), 40)
        ]
        last = {
            "model": model,
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": "length" if is_cut else "stop",
            "prompt_eval_count": int(words * 1.4),
            "eval_count": 9,
        }
        if mode == "cut-prompt":
            last["prompt_eval_count"] = words // 3
        if mode == "cached-prompt":
            del last["prompt_eval_count"]
        if mode == "stream-error":
            last = {"error": "an error was encountered while running the model"}
        if mode != "cut-stream":
            lines.append(last)
        content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def error(self, status: int, text: str) -> dict[str, Any]:
        return {"error": text} if PROTOCOL == "ollama" else {"error": {"code": status, "message": text}}

    def answer(self, status: int, body: dict[str, Any] | str, headers: dict[str, str] | None = None) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
