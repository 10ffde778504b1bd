"""Second stage: teaches the language model and the projector to speak about what the tower sees.

    python scripts/demo/train_language.py --pool DIR --vocabulary DIR --tower tower.pt --features features.pt --out language.pt

The tower stands still, so its pooled output is computed once per picture. Only answers are learned. The weights that
are kept are a running mean of the last steps, written every few minutes: stop it at any time, go on with --resume.
"""

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from transformers import AutoTokenizer

import model as demo
import optimizers
import pool
import prompts
import scenes

HELD_OUT_PAIRS = 256
BATCH = 64
KINDS = (*scenes.KINDS, "short")  # "short": what a follow-up asks, asked at once


@torch.no_grad()
def pooled_features(model, pixels):
    """Tower output after the average pool, (pictures, tokens, width)."""
    parts = []
    for start in range(0, len(pixels), 64):
        with torch.autocast("cpu", torch.bfloat16):
            hidden, rows, columns = demo.encode_patches(model, torch.from_numpy(pixels[start : start + 64].copy()))
        parts.append(demo.pool_patches(hidden.float(), rows, columns))
    return torch.cat(parts)


class Batch:
    """Padded prompts with the pictures that belong to them."""

    def __init__(self, written, image_token):
        length = max(len(prompt.ids) for prompt, _ in written)
        self.ids = torch.zeros(len(written), length, dtype=torch.long)
        self.learned = torch.zeros(len(written), length, dtype=torch.bool)
        for row, (prompt, _) in enumerate(written):
            self.ids[row, : len(prompt.ids)] = torch.tensor(prompt.ids)
            self.learned[row, : len(prompt.ids)] = torch.tensor(prompt.learned)
        self.pictures = [picture for _, pictures in written for picture in pictures]
        self.is_image = self.ids == image_token
        self.masks = masks_of(self.is_image)


def masks_of(is_image):
    """By kind of layer. Tokens of one image see each other; everything else looks back only. Padding lies behind everything."""
    length = is_image.shape[1]
    starts = is_image & ~F.pad(is_image, (1, 0))[:, :-1]
    image_number = torch.where(is_image, starts.cumsum(1), 0)
    same_image = (image_number[:, :, None] == image_number[:, None]) & is_image[:, :, None]
    steps = torch.arange(length, device=is_image.device)
    distance = steps[:, None] - steps[None]
    full = (distance >= 0) | same_image
    return {
        "full_attention": additive(full),
        "sliding_attention": additive(full & (distance < demo.text_config().sliding_window)),
    }


def additive(allowed):
    """Attention mask (prompts, 1, length, length): 0 where a token may look, very small elsewhere."""
    return torch.zeros(allowed.shape, device=allowed.device).masked_fill(~allowed, -1e9)[:, None]


def answer_logits(model, batch, features):
    """Logits (answer tokens, vocabulary) and the tokens that should have been said."""
    gemma = model.model
    tokens = demo.project(model, features)
    embedded = gemma.language_model.embed_tokens(batch.ids)
    embedded = embedded.masked_scatter(batch.is_image[..., None], tokens.to(embedded.dtype))
    hidden = gemma.language_model(inputs_embeds=embedded, attention_mask=batch.masks, use_cache=False).last_hidden_state
    said = batch.learned[:, 1:]
    return hidden[:, :-1][said] @ gemma.language_model.embed_tokens.weight.T, batch.ids[:, 1:][said]


def answer_loss(logits, tokens, batch):
    """Mean loss of the answer tokens. Those of long answers count less, or boxes would drown the one word of others."""
    said = batch.learned[:, 1:]
    weights = (said / said.sum(1, keepdim=True).sqrt())[said]
    return (F.cross_entropy(logits, tokens, reduction="none") * weights).sum() / weights.sum()


class Questions:
    """Asks about pairs of the pool."""

    def __init__(self, pairs, writer):
        self.pairs, self.writer = pairs, writer

    def ask(self, rng, kind, number):
        """(Prompt, picture numbers). Any picture of a pair may be asked about; comparisons go both ways."""
        film, *shapes = self.pairs[number]
        order = (0, 1) if rng.random() < 0.5 else (1, 0)
        shapes = [shapes[n] for n in order]
        if kind == "short":
            image_count, system, turns = 1, None, [scenes.short_question(rng, shapes[0])]
        else:
            image_count, system, turns = scenes.converse(rng, kind, film, *shapes)
        return self.writer.write([0] * image_count, system, turns), [number * 2 + n for n in order[:image_count]]


def batches_of_like_length(rng, questions, kinds, first, last):
    """Four batches at once, so that little is spent on padding."""
    drawn = [questions.ask(rng, str(rng.choice(KINDS, p=kinds)), int(rng.integers(first, last)))
             for _ in range(BATCH * 4)]  # fmt: skip
    drawn.sort(key=lambda one: len(one[0].ids))
    return [drawn[n * BATCH : (n + 1) * BATCH] for n in rng.permutation(4)]


@torch.no_grad()
def exact(model, questions, features, image_token):
    """Share of held-out conversations answered without a wrong token, by kind.

    Greedy decoding gives the expected answer exactly when each token of it is the most likely one after those before.
    """
    shares = {}
    for kind in KINDS:
        rng = np.random.default_rng(5)
        right = []
        asked = [questions.ask(rng, kind, number) for number in range(HELD_OUT_PAIRS)]
        for start in range(0, len(asked), BATCH):
            batch = Batch(asked[start : start + BATCH], image_token)
            logits, tokens = answer_logits(model, batch, features[batch.pictures])
            owner = batch.learned[:, 1:].nonzero()[:, 0]
            wrong = torch.zeros(len(batch.ids)).index_add_(0, owner, (logits.argmax(-1) != tokens).float())
            right.append(wrong == 0)
        shares[kind] = torch.cat(right).float().mean().item()
    return shares


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--tower", type=Path, help="weights of the first stage")
    parser.add_argument("--resume", type=Path, help="go on from these weights of the whole model")
    parser.add_argument("--features", type=Path, required=True, help="where to keep the tower's output for the next run")
    parser.add_argument("--pairs", type=int, default=14000, help="how much of the pool to use")
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--floor", type=float, default=0.02, help="last learning rate, as a share of the first")
    parser.add_argument("--weights", default="", help="more of some kinds, for example compare=2,where=1.5")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)

    weights = dict.fromkeys(KINDS, 1.0)
    weights.update((kind, float(weight)) for kind, weight in (p.split("=") for p in options.weights.split(",") if p))
    kinds = np.array(list(weights.values())) / sum(weights.values())

    tokenizer = AutoTokenizer.from_pretrained(options.vocabulary)
    writer = prompts.PromptWriter(tokenizer)
    model = demo.new_model({mark: tokenizer.convert_tokens_to_ids(mark) for mark in
                            ("<start_of_image>", "<end_of_image>", "<image_soft_token>", "<end_of_turn>")})  # fmt: skip
    if options.resume:
        model.load_state_dict(torch.load(options.resume))
    if options.tower:
        saved = torch.load(options.tower)
        model.model.vision_tower.load_state_dict(saved["vision_tower"])
        if not options.resume:  # else the projector has already grown together with the language model
            model.model.multi_modal_projector.load_state_dict(saved["multi_modal_projector"])
    pixels, pairs = pool.load(options.pool)
    questions = Questions(pairs[: options.pairs], writer)

    if options.features.exists():
        features = torch.load(options.features).float()
    else:
        features = pooled_features(model, pixels[: options.pairs].reshape(-1, *pixels.shape[2:]))
        torch.save(features.bfloat16(), options.features)
    print("features ready", tuple(features.shape), flush=True)

    for parameter in model.model.vision_tower.parameters():
        parameter.requires_grad_(False)
    language, projector = model.model.language_model, model.model.multi_modal_projector
    optimizer = optimizers.Optimizers((language, projector), options.rate)
    mean = copy.deepcopy(model)
    language.set_attn_implementation("eager")  # for prompts this short twice as fast as the fused kernel on a CPU

    started, step, running, last_measured = time.time(), 0, 0.0, 0.0
    while (done := (time.time() - started) / (options.minutes * 60)) < 1:
        for written in batches_of_like_length(rng, questions, kinds, HELD_OUT_PAIRS, options.pairs):
            batch = Batch(written, writer.image_token)
            with torch.autocast("cpu", torch.bfloat16):
                logits, tokens = answer_logits(model, batch, features[batch.pictures])
            loss = answer_loss(logits.float(), tokens, batch)
            factor = min(1, (step + 1) / 100) * (options.floor + (1 - options.floor) * (1 + np.cos(np.pi * done)) / 2)
            optimizer.step(loss, factor)
            step += 1
            running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
            with torch.no_grad():
                share = max(0.005, 1 / step)
                for kept, now in zip(mean.parameters(), model.parameters(), strict=True):
                    if now.requires_grad:
                        kept.lerp_(now, share)
        if step % 100 == 0:
            print(f"{time.time() - started:5.0f} s, step {step}, loss {running:.4f}", flush=True)
        if time.time() - last_measured > 150:
            last_measured = time.time()
            report(mean, questions, features, writer, options.out)
    report(mean, questions, features, writer, options.out)


def report(model, questions, features, writer, path):
    shares = exact(model, questions, features, writer.image_token)
    print("  " + "  ".join(f"{kind} {share:.3f}" for kind, share in shares.items()), flush=True)
    torch.save(model.state_dict(), path)


if __name__ == "__main__":
    main()
