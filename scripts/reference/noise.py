"""Pixels that look like noise and are the same everywhere: native/test/noise.h makes them by the same rule."""

import numpy as np


def noise(count, seed):
    """The upper byte of a 32-bit linear congruential generator (constants of Numerical Recipes)."""
    state, out = seed, np.empty(count, np.uint8)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = state >> 24
    return out


def fnv1a(data):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in bytes(data):
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
