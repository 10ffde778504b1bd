"""Logits and greedy tokens under a random LoRA adapter, by transformers with PEFT in float32, and the adapter itself.

    python scripts/reference/lora.py --converter llama.cpp/convert_lora_to_gguf.py --out test/fixtures/reference

writes lora.gguf, which llama.cpp's converter makes of what PEFT saves, and lora.json: the format of logits.py, with the
"scale" that the file must be given. It is 1, but √rank for rsLoRA: the converter passes over that setting.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from conversations import fixed
from gemma import Reference
from logits import entry_of
from peft import LoraConfig, get_peft_model
from prompt_ids import FILMS

RANK, ALPHA = 4, 8
SEED = 1  # the first under which every greedy answer is another one
# Every kind of matrix, in a layer with a sliding window and in the global one.
MODULES = r"model\.language_model\.layers\.[05]\..*_proj"
NAMES = ("system of two lines", "image first")


def add_adapter(reference, **settings):
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=MODULES, **settings)
    reference.model = get_peft_model(reference.model, config)
    torch.manual_seed(SEED)
    for name, parameter in reference.model.named_parameters():
        if ".lora_" in name:
            torch.nn.init.normal_(parameter, std=0.1)


def convert(adapter, converter, checkpoint, out):
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "lora"  # the name of the adapter in the file
        adapter.save_pretrained(saved)
        subprocess.run([sys.executable, converter, "--base", checkpoint, "--outfile", out, saved], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    parser.add_argument("--films", type=Path, default=Path("test/fixtures/scenes"))
    parser.add_argument("--converter", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    cases = {case["name"]: case for case in fixed(*FILMS)}
    lines = []
    for kind, scale, rslora in (("LoRA", 1, False), ("rsLoRA", RANK**0.5, True)):
        reference = Reference(options.checkpoint)
        add_adapter(reference, use_rslora=rslora)
        if not rslora:
            convert(reference.model, options.converter, options.checkpoint, options.out / "lora.gguf")
        for name in NAMES:
            entry = entry_of(reference, {**cases[name], "name": f"{kind}, {name}"}, options.films, 48)
            lines.append(json.dumps({**entry, "scale": scale}, ensure_ascii=False))
    (options.out / "lora.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
