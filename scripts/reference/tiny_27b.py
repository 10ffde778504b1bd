"""Logits and greedy tokens of a random model with the ratios of MedGemma 27B, by transformers in float32.

    python scripts/reference/tiny_27b.py > test/fixtures/reference/tiny-27b.json

62 layers, hidden size / heads : head size as 168 : 128, and a tower of one image token. The weights are those of
test/tiny-gguf.ts, so no file of weights is needed. The format is that of logits.py.
"""

import argparse
import json
import sys
from pathlib import Path

from conversations import image, one, several
from gemma import Reference
from logits import entry_of
from stages import fill_tower, random_values
from transformers import AutoProcessor, Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

FILMS = ("00000-0.png", "00001-0.png")
LAYER_TENSORS = {
    "attn_norm": "input_layernorm", "post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip


def text_config(vocabulary):
    return Gemma3TextConfig(
        vocab_size=vocabulary, hidden_size=42, intermediate_size=168, num_hidden_layers=62, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16,
        query_pre_attn_scalar=21,  # hidden / heads, as the 27B's 168
        sliding_window=32, max_position_embeddings=4096, rms_norm_eps=1e-6,
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1_000_000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
        },
    )  # fmt: skip


def tiny_model(demo):
    vision = SiglipVisionConfig(
        hidden_size=288, intermediate_size=320, num_hidden_layers=2, num_attention_heads=4, image_size=28, patch_size=14,
        hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-6, vision_use_head=False,
    )  # fmt: skip
    config = Gemma3Config(
        text_config=text_config(demo.text_config.vocab_size), vision_config=vision, mm_tokens_per_image=1,
        boi_token_index=demo.boi_token_index, eoi_token_index=demo.eoi_token_index, image_token_index=demo.image_token_index,
    )  # fmt: skip
    model = Gemma3ForConditionalGeneration(config).eval()
    fill_tower(model.model.vision_tower, model.model.multi_modal_projector, 1.0)
    text = model.model.language_model

    def fill(parameter, name):
        parameter.data.copy_(random_values(name, tuple(parameter.shape)))

    fill(text.embed_tokens.weight, "token_embd.weight")
    # Files store 1 + weight; test/tiny-gguf.ts adds the 1 to the same noise.
    fill(text.norm.weight, "output_norm.weight")
    for number, layer in enumerate(text.layers):
        for name, source in LAYER_TENSORS.items():
            fill(layer.get_submodule(source).weight, f"blk.{number}.{name}.weight")
    model.tie_weights()
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/demo/huggingface"))
    parser.add_argument("--films", type=Path, default=Path("test/fixtures/scenes"))
    options = parser.parse_args()
    reference = Reference(options.checkpoint)
    reference.model = tiny_model(reference.model.config)
    processor = AutoProcessor.from_pretrained(options.checkpoint, image_seq_length=1)
    processor.image_processor.size = {"height": 28, "width": 28}
    reference.processor = processor
    a, b = map(image, FILMS)
    cases = (
        one("text", "Describe the film in a few words, then count the shapes on it, and say where the largest one is."),
        one("image", a, "Describe the image.", system="Be brief."),
        several("two turns", ([a, "Describe the image."], "A small dark cross."), (["And here?", b], None)),
    )
    lines = [json.dumps(entry_of(reference, case, options.films, 24), ensure_ascii=False) for case in cases]
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
