"""Writes the demo model in the files that people use: a Hugging Face checkpoint and a GGUF pair.

    python scripts/demo/export.py --weights together.pt --vocabulary DIR --out models/demo
    python scripts/demo/export.py --checkpoint models/demo/huggingface --out /tmp/q8 --type Q8_0

The first form also writes the checkpoint to OUT/huggingface. Weights are rounded to bfloat16 before anything else, so the
checkpoint and the F32 and BF16 files hold the same numbers. Keys and tensor names are those of published MedGemma files.
"""

import argparse
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
import torch
from gguf import GGMLQuantizationType, TokenType
from transformers import AutoProcessor, Gemma3ForConditionalGeneration

import model as demo
import vocabulary

TYPES = ("F32", "F16", "BF16", "Q8_0")
NAME = "MedGemma-local demo (phantoms)"
DESCRIPTION = "Sees plain shapes on generated films. For trying and testing software; it has no medical knowledge."

TEXT_LAYER_TENSORS = {
    "attn_norm": "input_layernorm", "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm", "post_ffw_norm": "post_feedforward_layernorm",
    "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip
VISION_LAYER_TENSORS = {
    "ln1": "layer_norm1", "ln2": "layer_norm2",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_out": "self_attn.out_proj", "ffn_up": "mlp.fc1", "ffn_down": "mlp.fc2",
}  # fmt: skip


def save_checkpoint(weights, tokenizer_model, out):
    tokenizer = vocabulary.hugging_face_tokenizer(tokenizer_model)
    marks = {mark: tokenizer.convert_tokens_to_ids(mark) for mark in vocabulary.MARKS}
    model = demo.new_model(marks)
    if weights:
        model.load_state_dict(torch.load(weights))
    model.generation_config.update(
        bos_token_id=demo.BOS, eos_token_id=[demo.EOS, marks["<end_of_turn>"]], pad_token_id=demo.PAD, do_sample=False
    )
    model.bfloat16().save_pretrained(out)
    vocabulary.processor_for(tokenizer).save_pretrained(out)
    (out / "tokenizer.model").write_bytes(tokenizer_model.read_bytes())


class Writer:
    """A GGUF file in which matrices get the wanted type and everything else stays F32."""

    def __init__(self, path, architecture, wanted):
        self.file = gguf.GGUFWriter(path, architecture)
        self.wanted = GGMLQuantizationType[wanted]

    def tensor(self, name, weight, kind=None):
        array = weight.detach().float().numpy()
        kind = kind or (self.wanted if array.ndim == 2 else GGMLQuantizationType.F32)
        if kind == GGMLQuantizationType.Q8_0 and array.shape[-1] % 32:
            kind = GGMLQuantizationType.F16
        self.file.add_tensor(name, gguf.quants.quantize(np.ascontiguousarray(array), kind), raw_dtype=kind)

    def norm(self, name, weight):
        """Gemma's RMSNorm multiplies by 1 + weight; GGUF stores the sum."""
        self.tensor(name, weight.float() + 1, GGMLQuantizationType.F32)

    def close(self):
        self.file.write_header_to_file()
        self.file.write_kv_data_to_file()
        self.file.write_tensors_to_file()
        self.file.close()


def add_general(writer, kind, wanted):
    writer.file.add_type(kind)
    writer.file.add_name(NAME)
    writer.file.add_description(DESCRIPTION)
    writer.file.add_license("mit")
    writer.file.add_file_type(gguf.LlamaFileType[{"F32": "ALL_F32"}.get(wanted, f"MOSTLY_{wanted}")])
    writer.file.add_quantization_version(gguf.GGML_QUANT_VERSION)


def add_tokenizer(file, tokenizer_model, chat_template):
    spm = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer_model))
    texts, scores, types = [], [], []
    for number in range(spm.vocab_size()):
        text = spm.id_to_piece(number)
        kind = TokenType.NORMAL
        if spm.is_unknown(number):
            kind = TokenType.UNKNOWN
        elif spm.is_control(number):
            kind = TokenType.CONTROL
        elif spm.is_byte(number):
            kind = TokenType.BYTE
        elif text in vocabulary.NEWLINE_RUNS:
            kind = TokenType.USER_DEFINED
        texts.append(text.encode())
        scores.append(spm.get_score(number))
        types.append(kind)
    file.add_tokenizer_model("llama")
    file.add_tokenizer_pre("default")
    file.add_token_list(texts)
    file.add_token_scores(scores)
    file.add_token_types(types)
    file.add_bos_token_id(demo.BOS)
    file.add_eos_token_id(demo.EOS)
    file.add_unk_token_id(demo.UNKNOWN)
    file.add_pad_token_id(demo.PAD)
    file.add_add_bos_token(True)
    file.add_add_eos_token(False)
    file.add_add_space_prefix(False)
    file.add_chat_template(chat_template)


def write_text(model, processor, tokenizer_model, path, wanted):
    config, gemma = model.config.text_config, model.model.language_model
    writer = Writer(path, "gemma3", wanted)
    add_general(writer, "model", wanted)
    file = writer.file
    file.add_context_length(config.max_position_embeddings)
    file.add_embedding_length(config.hidden_size)
    file.add_block_count(config.num_hidden_layers)
    file.add_feed_forward_length(config.intermediate_size)
    file.add_head_count(config.num_attention_heads)
    file.add_head_count_kv(config.num_key_value_heads)
    file.add_key_length(config.head_dim)
    file.add_value_length(config.head_dim)
    file.add_layer_norm_rms_eps(config.rms_norm_eps)
    file.add_sliding_window(config.sliding_window)
    rope = config.rope_parameters["full_attention"]
    file.add_rope_freq_base(rope["rope_theta"])
    file.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    file.add_rope_scaling_factor(rope["factor"])
    add_tokenizer(file, tokenizer_model, processor.chat_template)

    writer.tensor("token_embd.weight", gemma.embed_tokens.weight)
    writer.norm("output_norm.weight", gemma.norm.weight)
    for number, layer in enumerate(gemma.layers):
        for name, source in TEXT_LAYER_TENSORS.items():
            add = writer.norm if name.endswith("norm") else writer.tensor
            add(f"blk.{number}.{name}.weight", layer.get_submodule(source).weight)
    writer.close()


def write_projector(model, path, wanted):
    config, tower, projector = model.config.vision_config, demo.vision_tower(model), model.model.multi_modal_projector
    writer = Writer(path, "clip", wanted)
    add_general(writer, "mmproj", wanted)
    file = writer.file
    file.add_bool("clip.has_vision_encoder", True)
    file.add_string("clip.projector_type", "gemma3")
    file.add_bool("clip.use_gelu", True)
    file.add_uint32("clip.vision.image_size", config.image_size)
    file.add_uint32("clip.vision.patch_size", config.patch_size)
    file.add_uint32("clip.vision.embedding_length", config.hidden_size)
    file.add_uint32("clip.vision.feed_forward_length", config.intermediate_size)
    file.add_uint32("clip.vision.block_count", config.num_hidden_layers)
    file.add_uint32("clip.vision.attention.head_count", config.num_attention_heads)
    file.add_float32("clip.vision.attention.layer_norm_epsilon", config.layer_norm_eps)
    file.add_uint32("clip.vision.projection_dim", model.config.text_config.hidden_size)
    file.add_uint32("clip.vision.projector.scale_factor", demo.PATCHES_ACROSS // demo.TOKENS_ACROSS)
    file.add_array("clip.vision.image_mean", [0.5] * 3)
    file.add_array("clip.vision.image_std", [0.5] * 3)

    embeddings = tower.embeddings
    patch_type = GGMLQuantizationType.F32
    writer.tensor("v.patch_embd.weight", embeddings.patch_embedding.weight, patch_type)
    writer.tensor("v.patch_embd.bias", embeddings.patch_embedding.bias)
    writer.tensor("v.position_embd.weight", embeddings.position_embedding.weight, GGMLQuantizationType.F32)
    for number, layer in enumerate(tower.encoder.layers):
        for name, source in VISION_LAYER_TENSORS.items():
            for part in ("weight", "bias"):
                writer.tensor(f"v.blk.{number}.{name}.{part}", getattr(layer.get_submodule(source), part))
    writer.tensor("v.post_ln.weight", tower.post_layernorm.weight)
    writer.tensor("v.post_ln.bias", tower.post_layernorm.bias)
    writer.norm("mm.soft_emb_norm.weight", projector.mm_soft_emb_norm.weight)
    # Published files keep this one in F16 whatever the rest is; in F32 here, so that the F32 pair stays exact.
    exact = GGMLQuantizationType.F32 if wanted == "F32" else GGMLQuantizationType.F16
    writer.tensor("mm.input_projection.weight", projector.mm_input_projection_weight, exact)
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", type=Path, help="what train_language.py or train_together.py wrote; without it the weights are random")
    source.add_argument("--checkpoint", type=Path, help="a Hugging Face checkpoint, which is left as it is")
    parser.add_argument("--vocabulary", type=Path, help="what vocabulary.py wrote; not needed with --checkpoint")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--type", choices=TYPES, default="F32")
    parser.add_argument("--text-type", choices=TYPES, help="only the text model, instead of --type")
    parser.add_argument("--mmproj-type", choices=TYPES, help="only the projector file, instead of --type")
    options = parser.parse_args()

    checkpoint = options.checkpoint
    if not checkpoint:
        checkpoint = options.out / "huggingface"
        save_checkpoint(options.weights, options.vocabulary / "tokenizer.model", checkpoint)
    model = Gemma3ForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32)
    processor = AutoProcessor.from_pretrained(checkpoint)
    options.out.mkdir(parents=True, exist_ok=True)
    text_type, mmproj_type = options.text_type or options.type, options.mmproj_type or options.type
    text_path = options.out / f"medgemma-demo-{text_type}.gguf"
    write_text(model, processor, checkpoint / "tokenizer.model", text_path, text_type)
    write_projector(model, options.out / f"mmproj-{mmproj_type}.gguf", mmproj_type)


if __name__ == "__main__":
    main()
