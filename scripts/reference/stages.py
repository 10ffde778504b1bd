"""What transformers computes from noise, stage by stage: the reference of the native encoder tests.

    python scripts/reference/stages.py --out test/fixtures/native

demo-tokens.f32: image tokens (16, 192) of the checkpoint in models/demo/huggingface. demo-stages.f32: one value in 97 of
each stage in order: patch embedding, every layer, post norm, pooled, image tokens. tiny-tokens.f32: image tokens (1, 64) of a
tower with the weights of native/test/tiny-projector.cpp, then the same with its embeddings times 0.001. All raw
little-endian float32.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from noise import noise
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, SiglipVisionConfig, SiglipVisionModel
from transformers.models.gemma3.modeling_gemma3 import Gemma3MultiModalProjector

EVERY = 97
EMBEDDINGS = ("v.patch_embd.weight", "v.patch_embd.bias", "v.position_embd.weight")


def pixel_values(seed, side):
    pixels = torch.from_numpy(noise(side * side * 3, seed).reshape(side, side, 3)).permute(2, 0, 1).float()
    return (pixels / 127.5 - 1)[None]


@torch.no_grad()
def stages_of(tower, projector, pixels):
    hidden = tower(pixel_values=pixels, output_hidden_states=True)
    rows = hidden.last_hidden_state
    grid = int(rows.shape[1] ** 0.5)
    square = rows.transpose(1, 2).reshape(1, -1, grid, grid)
    pooled = projector.avg_pool(square).flatten(2).transpose(1, 2)
    return [*hidden.hidden_states, rows, pooled, projector(rows)]


def random_values(name, shape):
    """The weights of native/test/tiny-projector.cpp."""
    seed = 1
    for letter in name.encode():
        seed = (seed * 31 + letter) & 0xFFFFFFFF
    pairs = noise(2 * int(np.prod(shape)), seed).astype(np.float32).reshape(-1, 2)
    values = ((pairs[:, 0] * 256 + pairs[:, 1]) / np.float32(65535) - np.float32(0.5)) * np.float32(0.2)
    return torch.from_numpy(values.reshape(shape))


def fill_tower(tower, projector, embedding_scale):
    """Gives a tower and its projector the weights of native/test/tiny-projector.cpp."""
    model = getattr(tower, "vision_model", tower)

    def fill(parameter, name):
        scale = embedding_scale if name in EMBEDDINGS else 1.0
        parameter.data.copy_(random_values(name, tuple(parameter.shape)) * np.float32(scale))

    def fill_both(module, name):
        fill(module.weight, f"{name}.weight")
        fill(module.bias, f"{name}.bias")

    fill_both(model.embeddings.patch_embedding, "v.patch_embd")
    fill(model.embeddings.position_embedding.weight, "v.position_embd.weight")
    for number, layer in enumerate(model.encoder.layers):
        for name, module in (
            ("ln1", layer.layer_norm1), ("ln2", layer.layer_norm2), ("attn_q", layer.self_attn.q_proj),
            ("attn_k", layer.self_attn.k_proj), ("attn_v", layer.self_attn.v_proj), ("attn_out", layer.self_attn.out_proj),
            ("ffn_up", layer.mlp.fc1), ("ffn_down", layer.mlp.fc2),
        ):  # fmt: skip
            fill_both(module, f"v.blk.{number}.{name}")
    fill_both(model.post_layernorm, "v.post_ln")
    # Gemma's RMSNorm multiplies by 1 + weight; a file stores the sum.
    projector.mm_soft_emb_norm.weight.data.copy_(random_values("mm.soft_emb_norm.weight", (288,)) - 1)
    fill(projector.mm_input_projection_weight, "mm.input_projection.weight")


def tiny_tower(embedding_scale):
    vision = SiglipVisionConfig(
        hidden_size=288, intermediate_size=320, num_hidden_layers=2, num_attention_heads=4, image_size=28, patch_size=14,
        hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-6, vision_use_head=False,
    )  # fmt: skip
    config = Gemma3Config(vision_config=vision, text_config={"hidden_size": 64}, mm_tokens_per_image=1)
    tower, projector = SiglipVisionModel(vision).eval(), Gemma3MultiModalProjector(config).eval()
    fill_tower(tower, projector, embedding_scale)
    return tower, projector


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    demo = Gemma3ForConditionalGeneration.from_pretrained(options.checkpoint, dtype=torch.float32).eval().model
    stages = stages_of(demo.vision_tower, demo.multi_modal_projector, pixel_values(11, 224))
    sampled = [stage.flatten()[::EVERY].numpy() for stage in stages]
    tiny = [stages_of(*tiny_tower(scale), pixel_values(5, 28))[-1].flatten().numpy() for scale in (1.0, 0.001)]
    for name, values in (("demo-tokens", stages[-1].flatten().numpy()), ("demo-stages", np.concatenate(sampled)), ("tiny-tokens", np.concatenate(tiny))):
        (options.out / f"{name}.f32").write_bytes(values.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
