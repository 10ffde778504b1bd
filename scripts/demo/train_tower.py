"""First stage: teaches the vision tower and the projector what is where, with throw-away linear heads.

    python scripts/demo/train_tower.py --pool DIR --minutes 15 --out tower.pt

Every patch says which shape covers it, every image token says which shape has its centre there and its box, and all
tokens of an image together say what is in each of the nine places. All of that must be read off linearly, so the
language model finds it ready to use. Most steps look at windows of a quarter of the picture with a shape in it,
which costs a quarter and holds less empty film.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import model as demo
import optimizers
import pool
import scenes

CLASSES = [(form, size, shade) for form in scenes.FORMS for size in scenes.SIZES for shade in scenes.SHADES]
NOTHING = len(CLASSES)
TOKEN_SIDE = demo.IMAGE_SIDE // demo.TOKENS_ACROSS
WINDOW = demo.PATCHES_ACROSS // 2


def shape_rows(film, shapes):
    """(class, row, column, top, left, diameter) of each shape, lengths in pixels of the tower's square."""
    scale = demo.IMAGE_SIDE / film.side
    pad_left, pad_top = (film.side - film.width) // 2, (film.side - film.height) // 2
    return [
        (CLASSES.index((s.form, s.size, s.shade)), s.row, s.column,
         (pad_top + s.top) * scale, (pad_left + s.left) * scale, s.diameter * scale)
        for s in shapes
    ]  # fmt: skip


class Targets:
    """What the heads should say about each picture of the pool."""

    def __init__(self, pairs):
        count = len(pairs) * 2
        self.patch = np.full((count, demo.PATCHES_ACROSS, demo.PATCHES_ACROSS), NOTHING, np.int64)
        self.token = np.full((count, demo.TOKENS_ACROSS, demo.TOKENS_ACROSS), NOTHING, np.int64)
        self.box = np.zeros((count, demo.TOKENS_ACROSS, demo.TOKENS_ACROSS, 3), np.float32)
        self.place = np.full((count, 9), NOTHING, np.int64)
        middles = (np.arange(demo.PATCHES_ACROSS) + 0.5) * demo.PATCH_SIDE
        for index in range(count):
            film, before, after = pairs[index // 2]
            for kind, row, column, top, left, diameter in shape_rows(film, after if index % 2 else before):
                down = (middles > top) & (middles < top + diameter)
                across = (middles > left) & (middles < left + diameter)
                self.patch[index][np.ix_(down, across)] = kind
                y, x = (top + diameter / 2) / TOKEN_SIDE, (left + diameter / 2) / TOKEN_SIDE
                self.token[index, int(y), int(x)] = kind
                self.box[index, int(y), int(x)] = (y % 1 - 0.5, x % 1 - 0.5, diameter / TOKEN_SIDE)
                self.place[index, row * 3 + column] = kind


class Heads(nn.Module):
    def __init__(self, tower_width, hidden):
        super().__init__()
        self.patch = nn.Linear(tower_width, NOTHING + 1)
        self.token = nn.Linear(hidden, NOTHING + 1)
        self.box = nn.Linear(hidden, 3)
        self.place = nn.Linear(hidden * demo.TOKENS_PER_IMAGE, 9 * (NOTHING + 1))


def class_loss(logits, target):
    return F.cross_entropy(logits.float().flatten(0, -2), target.flatten())


def losses(model, heads, pixels, patch, token, box, place, top, left):
    """Sum of the heads' losses, and the share of correct places (None for a window)."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden, rows, columns = demo.encode_patches(model, pixels, top, left)
        tokens = demo.project(model, demo.pool_patches(hidden, rows, columns))
        patch_logits, token_logits, boxes = heads.patch(hidden), heads.token(tokens), heads.box(tokens)
        place_logits = heads.place(tokens.flatten(1)).view(-1, 9, NOTHING + 1) if place is not None else None
    here = token.flatten(1) != NOTHING
    loss = class_loss(patch_logits, patch.flatten(1)) + 2 * class_loss(token_logits, token.flatten(1))
    if here.any():
        loss = loss + F.smooth_l1_loss(boxes.float()[here], box.flatten(1, 2)[here], beta=0.05)
    if place is None:
        return loss, None
    right = (place_logits.argmax(-1) == place).float().mean().item()
    return loss + 2 * class_loss(place_logits, place), right


@torch.no_grad()
def measure(model, heads, pixels, targets, count):
    """Accuracy over occupied places, occupied tokens, and the mean distance of the box edges in pixels."""
    place_right, token_right, distance = [], [], []
    for start in range(0, count, 64):
        part = slice(start, min(count, start + 64))
        hidden, rows, columns = demo.encode_patches(model, torch.from_numpy(pixels[part].copy()))
        tokens = demo.project(model, demo.pool_patches(hidden, rows, columns))
        place = torch.from_numpy(targets.place[part])
        place_right.append((heads.place(tokens.flatten(1)).view(-1, 9, NOTHING + 1).argmax(-1) == place).all(1))
        token, box = (torch.from_numpy(t[part]).flatten(1, 2) for t in (targets.token, targets.box))
        here = token != NOTHING
        token_right.append((heads.token(tokens).argmax(-1) == token)[here])
        distance.append((heads.box(tokens)[here] - box[here]).abs().mean(1) * TOKEN_SIDE)
    return tuple(torch.cat(part).float().mean().item() for part in (place_right, token_right, distance))


def batches(rng, targets, first, full):
    """One batch: (picture indexes, top, left), with a shape inside the window."""
    if full:
        return rng.integers(first, len(targets.place), 48), 0, 0
    step = demo.PATCHES_ACROSS // demo.TOKENS_ACROSS
    top, left = (int(n) * step for n in rng.integers(3, size=2))
    drawn = rng.integers(first, len(targets.place), 512)
    inside = targets.patch[drawn, top : top + WINDOW, left : left + WINDOW] != NOTHING
    return drawn[inside.any(axis=(1, 2))][:128], top, left


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--resume", type=Path, help="go on from these weights")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)

    pixels, pairs = pool.load(options.pool)
    pixels = np.asarray(pixels).reshape(-1, demo.IMAGE_SIDE, demo.IMAGE_SIDE)
    targets = Targets(pairs)
    held_out = 512  # the first pictures are for measuring only
    model = demo.new_model({"<start_of_image>": 5, "<end_of_image>": 6, "<image_soft_token>": 7, "<end_of_turn>": 8})
    heads = Heads(model.config.vision_config.hidden_size, model.config.text_config.hidden_size)
    tower, projector = model.model.vision_tower, model.model.multi_modal_projector
    if options.resume:
        saved = torch.load(options.resume)
        for name, part in (("vision_tower", tower), ("multi_modal_projector", projector), ("heads", heads)):
            if name in saved:
                part.load_state_dict(saved[name])
    optimizer = optimizers.Optimizers((tower, projector, heads), options.rate)

    started, step, running, right = time.time(), 0, 0.0, 0.0
    while (done := (time.time() - started) / (options.minutes * 60)) < 1:
        warm = min(1, (step + 1) / 100)
        rate_factor = warm * (0.02 + 0.98 * (1 + np.cos(np.pi * done)) / 2)
        full = rng.random() < (0.15 if done < 0.65 else 0.6)
        indexes, top, left = batches(rng, targets, held_out, full)
        size = demo.PATCHES_ACROSS if full else WINDOW
        window = np.s_[:, top : top + size, left : left + size]
        area = np.s_[:, top * demo.PATCH_SIDE : (top + size) * demo.PATCH_SIDE,
                     left * demo.PATCH_SIDE : (left + size) * demo.PATCH_SIDE]  # fmt: skip
        across = demo.PATCHES_ACROSS // demo.TOKENS_ACROSS
        tokens = np.s_[:, top // across : (top + size) // across, left // across : (left + size) // across]
        tensor = torch.from_numpy
        loss, places = losses(
            model, heads, tensor(np.ascontiguousarray(pixels[np.sort(indexes)][area])),
            *(tensor(np.ascontiguousarray(t)) for t in (
                targets.patch[np.sort(indexes)][window], targets.token[np.sort(indexes)][tokens],
                targets.box[np.sort(indexes)][tokens])),
            tensor(targets.place[np.sort(indexes)]) if full else None, top, left,
        )  # fmt: skip
        optimizer.step(loss, rate_factor)
        running = loss.item() if step == 0 else 0.98 * running + 0.02 * loss.item()
        step += 1
        if step % 100 == 0:
            line = f"{time.time() - started:5.0f} s, step {step}, loss {running:.3f}"
            if step % 400 == 0:
                place, token, edge = measure(model, heads, pixels, targets, held_out)
                line += f", pictures right {place:.3f}, tokens right {token:.3f}, edges off by {edge:.2f} px"
                save(options.out, model, heads)
            print(line, flush=True)
    print("final", measure(model, heads, pixels, targets, held_out))
    save(options.out, model, heads)


def save(path, model, heads):
    torch.save(
        {"vision_tower": model.model.vision_tower.state_dict(),
         "multi_modal_projector": model.model.multi_modal_projector.state_dict(),
         "heads": heads.state_dict()}, path
    )  # fmt: skip


if __name__ == "__main__":
    main()
