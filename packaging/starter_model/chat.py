"""Conversations: the chat format, and everyday exchanges."""

from __future__ import annotations

import random

END = "<|im_end|>"
START = "<|im_start|>"
PAD = "<|endoftext|>"

CHAT_TEMPLATE = """{%- for message in messages %}
{%- if message['role'] == 'assistant' %}
{{- '<|im_start|>assistant\\n' }}
{%- generation %}
{{- message['content'] + '<|im_end|>' }}
{%- endgeneration %}
{{- '\\n' }}
{%- else %}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

Exchange = tuple[str, str]

EVERYDAY: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("Hello.", "Hello!", "Hi", "Hi there!", "Good morning.", "Good evening.", "Hey"),
     ("Hello! What would you like to know?", "Hello! How can I help you?", "Good day! Ask me a question.")),
    (("Who are you?", "What are you?", "What is your name?", "Are you a person?", "Tell me about yourself."),
     ("I am a small language model. I answer questions about what I have learned.",
      "I am the Wissenswerk starter model, a very small language model.",
      "I am not a person. I am a small language model that learns from documents.")),
    (("Thank you.", "Thanks!", "Thank you very much.", "Thanks, that helps."),
     ("You are welcome.", "You are welcome! Do you have another question?", "Gladly.")),
    (("Goodbye.", "Bye!", "See you later.", "That is all."), ("Goodbye!", "Goodbye! Come back with more questions.")),
    (("How are you?", "How do you do?"), ("I am fine, thank you. What would you like to know?",)),
    (("What can you do?", "How can you help me?", "What are you for?"),
     ("I can answer short questions about the texts that I have learned.",
      "You can ask me about people, places, animals and machines that I have read about.")),
    (("What is the weather like today?", "What time is it?", "What day is it today?", "Where am I?", "What am I thinking?",
      "Who will win tomorrow?", "What did I eat yesterday?", "What is my name?", "How old am I?"),
     ("I do not know that.", "I do not know that. I can only answer from what I have learned.")),
    (("Can you write a poem?", "Write a computer program.", "Translate this into Chinese.", "Draw a picture."),
     ("I am too small for that. I answer short questions.", "I cannot do that. I answer questions about what I have learned.")),
    (("Yes.", "OK.", "I see.", "Interesting.", "Good."), ("Do you have another question?", "What else would you like to know?")),
    (("You are wrong.", "That is not right."), ("I may be wrong. Please check it in the documents.",)),
    (("How were you trained?", "What did you learn from?"),
     ("I was trained on open textbooks and on an invented world.",)),
    (("Do you sleep?", "Do you eat?", "Do you have feelings?"), ("No, I am a language model.",)),
    (("Can you help me?", "I have a question.", "May I ask you something?"), ("Of course. What is your question?", "Yes, please ask.")),
)

SYSTEM_PROMPTS = ("You are a helpful assistant.", "Answer the question.", "Answer in one sentence.", "You answer questions about documents.")


def format_chat(exchanges: list[Exchange], system: str = "") -> str:
    """The exchanges as text in the chat format, without the line break after the last end of turn."""
    turns = [f"{START}system\n{system}{END}\n"] if system else []
    for question, reply in exchanges:
        turns.append(f"{START}user\n{question}{END}\n{START}assistant\n{reply}{END}\n")
    return "".join(turns).removesuffix("\n").removesuffix(END)


def talk(rng: random.Random) -> list[Exchange]:
    """One to three everyday exchanges."""
    return [(rng.choice(asked), rng.choice(said)) for asked, said in rng.sample(EVERYDAY, rng.choice((1, 1, 2, 3)))]


def maybe_system(rng: random.Random) -> str:
    """Mostly no system prompt."""
    return rng.choice(SYSTEM_PROMPTS) if rng.random() < 0.06 else ""
