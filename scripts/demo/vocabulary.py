"""Makes the tokenizer: SentencePiece BPE with byte fallback and Gemma's special tokens under their real names.

    python scripts/demo/vocabulary.py --out DIR

Writes tokenizer.model (SentencePiece, for GGUF) and the Hugging Face tokenizer and processor built from the same
pieces. The text it learns from is the protocol of scenes.py and the docstrings of Python's standard library, so it can
be made again anywhere.
"""

import argparse
import importlib
import inspect
import io
from pathlib import Path

import numpy as np
import sentencepiece
from transformers import AddedToken, GemmaTokenizer
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.gemma3.processing_gemma3 import Gemma3Processor

import model as demo
import scenes

MARKS = ("<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>", "<image_soft_token>")
UNUSED = tuple(f"<unused{n}>" for n in range(99))
NEWLINE_RUNS = tuple("\n" * n for n in range(1, 32))

ENGLISH_MODULES = ("argparse", "collections", "datetime", "decimal", "difflib", "doctest", "email", "inspect", "json",
                   "logging", "optparse", "os", "pathlib", "pickle", "random", "re", "shutil", "statistics", "string",
                   "subprocess", "tarfile", "textwrap", "threading", "typing", "unittest", "urllib.request")  # fmt: skip

# What Gemma's own template does: the system text goes in front of the first user text, images stand where they are
# given, texts are trimmed, the assistant is called model.
CHAT_TEMPLATE = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set system_prefix = messages[0]['content'] + '\n\n' -%}
    {%- else -%}
        {%- set system_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}
    {%- endif -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set system_prefix = '' -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for message in turns -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
    {%- endif -%}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\n' + (system_prefix if loop.first else '') }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- else -%}
        {%- for part in message['content'] -%}
            {%- if part['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif part['type'] == 'text' -%}
                {{ part['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<start_of_turn>model\n' }}
{%- endif -%}
"""


def protocol_lines():
    for number in range(6000):
        rng = np.random.default_rng((1, number))
        _, system, turns = scenes.converse(rng, scenes.KINDS[number % len(scenes.KINDS)], *scenes.random_pair(rng))
        yield system or ""
        for turn in turns:
            yield from (turn.user, turn.expected, "thought", turn.thought or "")


def english_lines():
    for name in ENGLISH_MODULES:
        module = importlib.import_module(name)
        for owner in (module, *(value for _, value in inspect.getmembers(module, inspect.isclass))):
            for thing in (owner, *(value for _, value in inspect.getmembers(owner, inspect.isroutine))):
                yield from (inspect.getdoc(thing) or "").splitlines()


def train_sentencepiece():
    # The protocol as often as it is spoken, so that its words become single pieces; English once.
    lines = [*protocol_lines(), *sorted(set(english_lines()))]
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for line in lines if line.strip()]), model_writer=written,
        model_type="bpe", vocab_size=demo.VOCABULARY_SIZE, byte_fallback=True, split_digits=True,
        add_dummy_prefix=False, remove_extra_whitespaces=False, normalization_rule_name="identity",
        pad_id=demo.PAD, eos_id=demo.EOS, bos_id=demo.BOS, unk_id=demo.UNKNOWN,
        pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>", unk_piece="<unk>",
        control_symbols=["<mask>", *UNUSED, *MARKS], user_defined_symbols=list(NEWLINE_RUNS),
        character_coverage=0.9999, num_threads=1, minloglevel=1,
    )  # fmt: skip
    return written.getvalue()


def merges_of(pieces, scores):
    """Every way to make a piece of two others, best score first: what SentencePiece does by score, BPE does by rank."""
    found = []
    for piece, score in scores.items():
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in scores and right in scores:
                found.append((-score, pieces[left], pieces[right], (left, right)))
    return [pair for *_, pair in sorted(found)]


def hugging_face_tokenizer(path):
    spm = sentencepiece.SentencePieceProcessor(model_file=str(path))
    pieces = {spm.id_to_piece(n): n for n in range(spm.vocab_size())}
    ordinary = {
        piece: spm.get_score(n) for piece, n in pieces.items()
        if not (spm.is_control(n) or spm.is_byte(n) or spm.is_unknown(n) or piece in NEWLINE_RUNS)
    }  # fmt: skip
    tokenizer = GemmaTokenizer(
        vocab=pieces, merges=merges_of(pieces, ordinary), model_max_length=4096, clean_up_tokenization_spaces=False,
        extra_special_tokens={
            "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"},
    )  # fmt: skip
    special = [AddedToken(text, special=True, normalized=False) for text in (*UNUSED, *MARKS)]
    tokenizer.add_tokens(special, special_tokens=True)
    tokenizer.add_tokens([AddedToken(run, special=False, normalized=False) for run in NEWLINE_RUNS])
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def processor_for(tokenizer):
    side = {"height": demo.IMAGE_SIDE, "width": demo.IMAGE_SIDE}
    images = Gemma3ImageProcessorPil(size=side, image_mean=[0.5] * 3, image_std=[0.5] * 3, resample=2)  # 2: bilinear
    return Gemma3Processor(
        image_processor=images, tokenizer=tokenizer, chat_template=CHAT_TEMPLATE,
        image_seq_length=demo.TOKENS_PER_IMAGE,
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "tokenizer.model"
    path.write_bytes(train_sentencepiece())
    processor_for(hugging_face_tokenizer(path)).save_pretrained(options.out)


if __name__ == "__main__":
    main()
