"""The demo model: Gemma 3 with every part of the architecture, only small.

One place decides the shapes; training, export and evaluation all build the model from here.
"""

import torch
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

IMAGE_SIDE = 224
PATCH_SIDE = 14
PATCHES_ACROSS = IMAGE_SIDE // PATCH_SIDE  # 16
TOKENS_ACROSS = 4  # after the 4 x 4 average pool
TOKENS_PER_IMAGE = TOKENS_ACROSS**2
VOCABULARY_SIZE = 1280

# Fixed places in the vocabulary (see vocabulary.py), as in Gemma.
PAD, EOS, BOS, UNKNOWN, MASK = range(5)


def vision_config():
    return SiglipVisionConfig(
        hidden_size=288,  # 4 heads of 72, the real head size; a multiple of 32 for Q8_0
        intermediate_size=576,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=IMAGE_SIDE,
        patch_size=PATCH_SIDE,
        hidden_act="gelu_pytorch_tanh",
        layer_norm_eps=1e-6,
        vision_use_head=False,
    )


def text_config():
    return Gemma3TextConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=7,  # the sixth is global
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        query_pre_attn_scalar=64,
        sliding_window=64,  # ordinary prompts cross it
        max_position_embeddings=4096,
        rms_norm_eps=1e-6,
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1_000_000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
        },
        pad_token_id=PAD,
        eos_token_id=EOS,
        bos_token_id=BOS,
    )


def new_model(marks):
    """Random weights. `marks` maps <start_of_image>, <end_of_image>, <image_soft_token>, <end_of_turn> to their ids."""
    config = Gemma3Config(
        text_config=text_config(),
        vision_config=vision_config(),
        mm_tokens_per_image=TOKENS_PER_IMAGE,
        boi_token_index=marks["<start_of_image>"],
        eoi_token_index=marks["<end_of_image>"],
        image_token_index=marks["<image_soft_token>"],
        eos_token_id=[EOS, marks["<end_of_turn>"]],
        initializer_range=0.02,
    )
    model = Gemma3ForConditionalGeneration(config).float()
    with torch.no_grad():
        projector, tower = model.model.multi_modal_projector, vision_tower(model)
        torch.nn.init.normal_(projector.mm_input_projection_weight, std=config.vision_config.hidden_size**-0.5)
        tower.embeddings.position_embedding.weight.copy_(sine_positions(config.vision_config.hidden_size))
    return model


def vision_tower(model):
    tower = model.model.vision_tower
    return getattr(tower, "vision_model", tower)


def sine_positions(width):
    """(patches, width): waves along x and y. Learned on from here, neighbours are found much sooner than from noise."""
    steps = torch.arange(PATCHES_ACROSS).float()
    frequencies = torch.pi * 0.9 * (0.04 ** torch.linspace(0, 1, width // 4))
    waves = torch.cat([torch.sin(steps[:, None] * frequencies), torch.cos(steps[:, None] * frequencies)], dim=1)
    down = waves[:, None].expand(-1, PATCHES_ACROSS, -1)
    across = waves[None].expand(PATCHES_ACROSS, -1, -1)
    return 0.5 * torch.cat([down, across], dim=2).reshape(PATCHES_ACROSS**2, width)


def encode_patches(model, pixels, top=0, left=0):
    """Tower output (images, patches, width) for uint8 pixels (images, height, width) of a window of the square.

    `top` and `left` count patches: the window keeps the positions that it has in the whole picture.
    """
    tower = vision_tower(model)
    gray = pixels.float().div(127.5).sub(1)[:, None].expand(-1, 3, -1, -1)
    patches = tower.embeddings.patch_embedding(gray)
    rows, columns = patches.shape[2:]
    positions = tower.embeddings.position_embedding.weight.view(PATCHES_ACROSS, PATCHES_ACROSS, -1)
    window = positions[top : top + rows, left : left + columns].reshape(rows * columns, -1)
    hidden = tower.encoder(inputs_embeds=patches.flatten(2).transpose(1, 2) + window).last_hidden_state
    return tower.post_layernorm(hidden), rows, columns


def pool_patches(hidden, rows, columns):
    """(images, rows * columns, width) to (images, tokens, width): the mean of every 4 x 4 patches."""
    across = PATCHES_ACROSS // TOKENS_ACROSS
    grid = hidden.view(-1, rows // across, across, columns // across, across, hidden.shape[-1])
    return grid.mean(dim=(2, 4)).flatten(1, 2)


def project(model, pooled):
    """Pooled tower output to image tokens (images, tokens, hidden)."""
    projector = model.model.multi_modal_projector
    return projector.mm_soft_emb_norm(pooled) @ projector.mm_input_projection_weight
