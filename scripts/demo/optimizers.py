"""Muon for the matrices inside the layers, AdamW for everything else, under one learning rate."""

import torch


class Optimizers:
    def __init__(self, modules, rate):
        named = [(name, p) for module in modules for name, p in module.named_parameters() if p.requires_grad]
        inside = [p for name, p in named if p.ndim == 2 and "layers." in name]
        chosen = {id(p) for p in inside}
        others = [p for _, p in named if id(p) not in chosen]
        self.parameters = [*inside, *others]
        self.rate = rate
        self.all = [
            torch.optim.Muon(inside, lr=rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.01),
        ]

    def step(self, loss, factor):
        """One update with the learning rate scaled by `factor`."""
        for optimizer in self.all:
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = self.rate * factor
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimizer in self.all:
            optimizer.step()
