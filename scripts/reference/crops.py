"""What transformers' Gemma 3 processor makes of long pictures: the reference of `--fit crops`.

    python scripts/reference/crops.py > test/fixtures/reference/crops.json

"boxes": the crops [x, y, width, height] of pan and scan for many sizes, those where its rules change among them.
"pixels": sha256 of the RGB bytes of every square of the picture that `pattern` draws, by the processor's Pillow backend. The
crops are the processor's own; the whole picture is laid on a black square before the processor gets it, as Google's
notebooks do with every picture (the processor alone would squeeze it).
"prompts": token ids of conversations with pan and scan; -1 stands for an image token. The pictures are black: ids do not
depend on pixels.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from conversations import one, several
from PIL import Image
from resize import square_of
from transformers import AutoProcessor
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.gemma3.processing_gemma3 import Gemma3Processor

# The processor's defaults: Gemma3Processor.images_kwargs.
DEFAULTS = {name: value for name, value in Gemma3Processor.images_kwargs.items() if name.startswith("pan_and_scan")}

LONG, TALL, PLAIN = (1024, 512), (300, 900), (400, 400)
PIXELS = (((640, 512), 56), ((1025, 300), 56), ((301, 1100), 224), ((1300, 260), 224), ((600, 500), 896))


def sizes():
    """Around every rule: ratio 1.2, halves that are rounded up, crops of 256 pixels, two to four of them."""
    around = (1, 2, 255, 256, 257, 307, 308, 511, 512, 513, 600, 601, 767, 768, 769, 1023, 1024, 1025, 1280, 1537, 2560, 4001)
    pairs = {(a, b) for a in around for b in around if a >= b}
    pairs |= {(round(short * ratio) + change, short) for short in (257, 300, 500, 1000) for ratio in (1.2, 1.5, 2.5, 3.5, 4.5)
              for change in (-1, 0, 1)}  # fmt: skip
    return sorted(pairs | {(short, long) for long, short in pairs})


def crop_boxes(processor, width, height):
    """Views of an image whose pixels are their own columns, then rows, tell where a crop was taken."""
    columns = processor.pan_and_scan(np.broadcast_to(np.arange(width), (1, height, width)), **DEFAULTS)
    rows = processor.pan_and_scan(np.broadcast_to(np.arange(height)[:, None], (1, height, width)), **DEFAULTS)
    return [[int(x[0, 0, 0]), int(y[0, 0, 0]), x.shape[2], x.shape[1]] for x, y in zip(columns, rows, strict=True)]


def pattern(width, height):
    """An RGB picture that any program can draw: whole numbers only."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x * 7 + y * 13, x * y // 8 + x, x * 3 ^ y * 5], -1).astype(np.uint8))


def squares(processor, image, side, do_pan_and_scan):
    """sha256 of each square, before its bytes become numbers around 0."""
    made = processor.preprocess(image, size={"height": side, "width": side}, do_rescale=False, do_normalize=False,
                                do_pan_and_scan=do_pan_and_scan, **DEFAULTS)["pixel_values"]  # fmt: skip
    return [hashlib.sha256(np.ascontiguousarray(np.asarray(one).transpose(1, 2, 0)).astype(np.uint8).tobytes()).hexdigest() for one in made]


def picture(size):
    return {"size": size}


def conversations():
    long, tall, plain = (picture(size) for size in (LONG, TALL, PLAIN))
    return [
        one("crops first", long, "Describe the image."),
        one("crops last", "Describe the image.", long),
        one("crops between texts", "Look: ", long, " Describe the image."),
        one("crops alone", tall),
        one("three crops with a system text", tall, "Describe the image.", system="Be brief."),
        one("with and without crops", long, plain, tall, "Compare."),
        one("no crops", plain, "Describe the image."),
        several("crops in two turns", ([long, "Describe."], "A cross."), (["And here?", tall], None)),
    ]


def prompt_ids(processor, conversation):
    messages, pictures = [], []
    if conversation["system"]:
        messages.append({"role": "system", "content": [{"type": "text", "text": conversation["system"]}]})
    for turn in conversation["turns"]:
        content = [{"type": "text", "text": part} if isinstance(part, str) else {"type": "image"} for part in turn["user"]]
        pictures += [Image.new("RGB", part["size"]) for part in turn["user"] if not isinstance(part, str)]
        messages.append({"role": "user", "content": content})
        if turn["model"] is not None:
            messages.append({"role": "assistant", "content": [{"type": "text", "text": turn["model"]}]})
    text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    # The template already begins with <bos>.
    ids = processor(text=text, images=pictures, do_pan_and_scan=True, add_special_tokens=False)["input_ids"][0]
    image_token = processor.tokenizer.image_token_id
    return [-1 if token == image_token else int(token) for token in ids]


def lines(entries):
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    options = parser.parse_args()
    images = Gemma3ImageProcessorPil()
    boxes = [{"width": width, "height": height, "crops": crop_boxes(images, width, height)} for width, height in sizes()]
    pixels = []
    for (width, height), side in PIXELS:
        drawn = pattern(width, height)
        (whole,) = squares(images, square_of(drawn), side, do_pan_and_scan=False)
        _, *crops = squares(images, drawn, side, do_pan_and_scan=True)
        pixels.append({"width": width, "height": height, "side": side, "whole": whole, "crops": crops})
    processor = AutoProcessor.from_pretrained(options.checkpoint)
    prompts = [{**case, "ids": prompt_ids(processor, case)} for case in conversations()]
    sys.stdout.write(f'{{"boxes": {lines(boxes)},\n"pixels": {lines(pixels)},\n"prompts": {lines(prompts)}}}\n')


if __name__ == "__main__":
    main()
