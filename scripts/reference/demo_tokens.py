"""What transformers computes from noise: the reference of the native encoder test.

    python scripts/reference/demo_tokens.py --out test/fixtures/native/demo-tokens.f32

Raw little-endian float32, (16 tokens, 192), from the checkpoint in models/demo/huggingface in float32.
"""

import argparse
from pathlib import Path

import torch
from noise import noise
from transformers import Gemma3ForConditionalGeneration


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    model = Gemma3ForConditionalGeneration.from_pretrained(options.checkpoint, dtype=torch.float32).eval()
    side = model.config.vision_config.image_size
    pixels = torch.from_numpy(noise(side * side * 3, 11).reshape(side, side, 3)).permute(2, 0, 1).float()
    with torch.no_grad():
        tower = model.model.vision_tower(pixel_values=(pixels / 127.5 - 1)[None]).last_hidden_state
        tokens = model.model.multi_modal_projector(tower)[0]
    options.out.write_bytes(tokens.numpy().astype("<f4").tobytes())


if __name__ == "__main__":
    main()
