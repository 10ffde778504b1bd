"""Draws phantoms (noisy gray films with a few plain shapes) and writes the conversations that belong to them.

    python scripts/demo/scenes.py --seed 7 --count 200 --out /tmp/scenes

writes PNG files and scenes.jsonl, one conversation a line. The same seed always gives the same bytes.
Needs only NumPy and Pillow; it knows nothing about the model.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

KINDS = ("describe", "count", "where", "compare", "followUp", "system", "think")

FORMS = ("circle", "square", "triangle", "cross")
SIZES = ("small", "large")
SHADES = ("bright", "dark")
ROWS = ("top", "middle", "bottom")
COLUMNS = ("left", "center", "right")

# Lengths in units of the film's long side. At 224 pixels a small shape is about 30 wide, a large one about 50 (less where
# a cell of a narrow film is narrower).
DIAMETER = {"small": 0.135, "large": 0.225}
LARGEST_JITTER = 0.035
LONG_SIDES = (168, 224, 280, 336, 448)
ASPECT_RATIOS = (1.0, 0.8, 0.75)

# Box edges are rounded to tens of the 0..1000 range: finer steps would be smaller than half a patch of the tower can tell.
BOX_STEP = 10

THINK_SYSTEM = "SYSTEM INSTRUCTION: think silently if needed."
NUMBERS = ("no", "one", "two", "three")


@dataclass(frozen=True)
class Film:
    width: int
    height: int
    gray: float
    noise: float
    contrast: float

    @property
    def side(self):
        """Side of the square that the film is padded to."""
        return max(self.width, self.height)


@dataclass(frozen=True)
class Shape:
    form: str
    size: str
    shade: str
    row: int
    column: int
    left: int  # pixels of the film, like top and diameter
    top: int
    diameter: int

    @property
    def name(self):
        return f"{self.size} {self.shade} {self.form}"

    @property
    def place(self):
        return place_name(self.row, self.column)

    def has(self, word):
        return word in (self.form, self.size, self.shade, "")


@dataclass(frozen=True)
class Turn:
    user: str
    expected: str
    thought: str | None = None


def place_name(row, column):
    return f"{ROWS[row]} {COLUMNS[column]}"


# --- pictures ---------------------------------------------------------------------------------------------------


def random_film(rng):
    long_side = int(rng.choice(LONG_SIDES))
    short_side = round(long_side * float(rng.choice(ASPECT_RATIOS)))
    width, height = (long_side, short_side) if rng.random() < 0.5 else (short_side, long_side)
    return Film(width, height, rng.uniform(105, 145), rng.uniform(5, 12), rng.uniform(60, 85))


def random_shape(rng, film, form, taken):
    """A shape of that form in a free place; it never leaves its cell, so shapes never touch."""
    free = [(row, column) for row in range(3) for column in range(3) if (row, column) not in taken]
    row, column = free[rng.integers(len(free))]
    size, shade = str(rng.choice(SIZES)), str(rng.choice(SHADES))
    return place_shape(rng, film, Shape(form, size, shade, row, column, 0, 0, 0))


def place_shape(rng, film, shape):
    diameter = min(round(DIAMETER[shape.size] * film.side), min(film.width, film.height) // 3)

    def offset(length, cell):
        room = max(0.0, min(LARGEST_JITTER * film.side, (length / 3 - diameter) / 2))
        return round((cell + 0.5) * length / 3 + rng.uniform(-room, room) - diameter / 2)

    return replace(shape, left=offset(film.width, shape.column), top=offset(film.height, shape.row), diameter=diameter)


def in_reading_order(shapes):
    return sorted(shapes, key=lambda shape: (shape.row, shape.column))


def random_shapes(rng, film):
    """0 to 3 shapes of different forms, so that "the circle" always means one thing."""
    shapes = []
    for form in rng.permutation(FORMS)[: rng.integers(4)]:
        shapes.append(random_shape(rng, film, str(form), {(s.row, s.column) for s in shapes}))
    return in_reading_order(shapes)


def changed_shapes(rng, film, shapes):
    """The same shapes after at most one change: one appears, vanishes or moves."""
    change = rng.choice(("nothing", "appear", "vanish", "move"))
    taken = {(s.row, s.column) for s in shapes}
    if change == "appear" and len(shapes) < 3:
        unused = [form for form in FORMS if form not in {s.form for s in shapes}]
        return in_reading_order([*shapes, random_shape(rng, film, str(rng.choice(unused)), taken)])
    if change in ("vanish", "move") and shapes:
        chosen = shapes[rng.integers(len(shapes))]
        others = [s for s in shapes if s is not chosen]
        if change == "vanish":
            return others
        target = random_shape(rng, film, chosen.form, taken)
        return in_reading_order([*others, place_shape(rng, film, replace(chosen, row=target.row, column=target.column))])
    return shapes


def stencil(form, diameter):
    """Coverage of the shape, 0 to 1, (diameter, diameter)."""
    scale = 4  # drawn larger and averaged, for smooth edges
    end = diameter * scale - 1
    image = Image.new("L", (diameter * scale, diameter * scale), 0)
    draw = ImageDraw.Draw(image)
    if form == "circle":
        draw.ellipse((0, 0, end, end), fill=255)
    elif form == "square":
        draw.rectangle((0, 0, end, end), fill=255)
    elif form == "triangle":
        draw.polygon(((end / 2, 0), (end, end), (0, end)), fill=255)
    else:
        draw.rectangle((0, end / 3, end, end * 2 / 3), fill=255)
        draw.rectangle((end / 3, 0, end * 2 / 3, end), fill=255)
    return np.asarray(image.resize((diameter, diameter), Image.Resampling.BOX), dtype=np.float32) / 255


def draw_film(rng, film, shapes):
    """The film as gray pixels, (height, width) uint8."""
    pixels = rng.standard_normal((film.height, film.width), dtype=np.float32) * film.noise + film.gray
    for shape in shapes:
        height = film.contrast if shape.shade == "bright" else -film.contrast
        area = np.s_[shape.top : shape.top + shape.diameter, shape.left : shape.left + shape.diameter]
        pixels[area] += height * stencil(shape.form, shape.diameter)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def box_2d(film, shape, squeezed=False):
    """[y0, x0, y1, x1], 0 to 1000, on the square that the film is padded to, or on the one that it is squeezed into."""
    width, height = (film.width, film.height) if squeezed else (film.side, film.side)
    top, left = shape.top + (height - film.height) // 2, shape.left + (width - film.width) // 2
    edges = ((top, height), (left, width), (top + shape.diameter, height), (left + shape.diameter, width))
    return [round(edge * 1000 / length / BOX_STEP) * BOX_STEP for edge, length in edges]


# --- words ------------------------------------------------------------------------------------------------------


def capital(text):
    return text[0].upper() + text[1:]


def description(shapes):
    return " ".join(f"A {s.name} at the {s.place}." for s in shapes) or "The film is empty."


def describe(rng, shapes):
    question = rng.choice(("Describe the image.", "What do you see?", "What is in the image?"))
    return Turn(str(question), description(shapes))


def count(rng, shapes):
    word = str(rng.choice(("", "", *SIZES, *SHADES)))
    what = f"{word} shape".strip()
    number = sum(s.has(word) for s in shapes)
    question = rng.choice((f"How many {what}s are there?", f"Count the {what}s."))
    answer = f"There is one {what}." if number == 1 else f"There are {NUMBERS[number]} {what}s."
    return Turn(str(question), answer)


def form_to_ask_for(rng, shapes):
    if shapes and rng.random() < 0.75:
        return shapes[rng.integers(len(shapes))].form
    return str(rng.choice(FORMS))


def where(rng, film, shapes, squeezed):
    form = form_to_ask_for(rng, shapes)
    question = rng.choice((f"Where is the {form}?", f"Find the {form}.", f"Show me the {form}."))
    boxes = [{"box_2d": box_2d(film, s, squeezed), "label": s.form} for s in shapes if s.form == form]
    return Turn(str(question), json.dumps(boxes, separators=(",", ":")))


def is_there(rng, shapes):
    form = form_to_ask_for(rng, shapes)
    found = [s for s in shapes if s.form == form]
    return Turn(f"Is there a {form}?", f"Yes, at the {found[0].place}." if found else "No.")


def what_is_at(rng, shapes):
    if shapes and rng.random() < 0.6:
        chosen = shapes[rng.integers(len(shapes))]
        row, column = chosen.row, chosen.column
    else:
        row, column = (int(n) for n in rng.integers(3, size=2))
    found = [s for s in shapes if (s.row, s.column) == (row, column)]
    return Turn(f"What is at the {place_name(row, column)}?", f"A {found[0].name}." if found else "Nothing.")


def compare(rng, before, after):
    question = str(rng.choice(("Compare the two images.", "What changed?", "What is different in the second image?")))
    appeared = [s for s in after if s.form not in {b.form for b in before}]
    vanished = [s for s in before if s.form not in {a.form for a in after}]
    places = {s.form: s.place for s in before}
    moved = [s for s in after if places.get(s.form, s.place) != s.place]
    if appeared:
        return Turn(question, f"A {appeared[0].name} appeared at the {appeared[0].place}.")
    if vanished:
        return Turn(question, f"A {vanished[0].name} vanished from the {vanished[0].place}.")
    if moved:
        return Turn(question, f"A {moved[0].name} moved from the {places[moved[0].form]} to the {moved[0].place}.")
    return Turn(question, "Nothing changed.")


def short_question(rng, shapes):
    return (count, is_there, what_is_at)[rng.integers(3)](rng, shapes)


def with_system(rng, shapes):
    """A system text, and the turn whose answer it changes."""
    style = rng.integers(4)
    if style == 0:
        turn = count(rng, shapes)
        number = next(n for n, word in enumerate(NUMBERS) if f" {word} " in turn.expected)
        return "Answer with a digit.", replace(turn, expected=str(number))
    if style == 1:
        return "Name only the forms.", replace(
            describe(rng, shapes), expected=", ".join(s.form for s in shapes) or "none"
        )
    if style == 2:
        turn = is_there(rng, shapes)
        return "Answer with one word.", replace(turn, expected="Yes" if turn.expected != "No." else "No")
    turn = what_is_at(rng, shapes)
    return "Answer with one word.", replace(turn, expected=capital(turn.expected.split()[-1].rstrip(".")))


def converse(rng, kind, film, before, after, squeezed=False):
    """(number of images, system text or None, turns) of one conversation.

    `after` matters to comparisons only, and whether the film is squeezed into a square, not padded, only to boxes.
    """
    if kind == "compare":
        return 2, None, [compare(rng, before, after)]
    if kind == "followUp":
        return 1, None, [describe(rng, before), short_question(rng, before)]
    if kind == "system":
        system, turn = with_system(rng, before)
        return 1, system, [turn]
    if kind == "think":
        return 1, THINK_SYSTEM, [replace(short_question(rng, before), thought=description(before))]
    if kind == "where":
        return 1, None, [where(rng, film, before, squeezed)]
    return 1, None, [{"describe": describe, "count": count}[kind](rng, before)]


# --- files ------------------------------------------------------------------------------------------------------


def random_pair(rng):
    """(film, shapes before, shapes after)."""
    film = random_film(rng)
    before = random_shapes(rng, film)
    return film, before, changed_shapes(rng, film, before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    options.out.mkdir(parents=True, exist_ok=True)
    with (options.out / "scenes.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for number in range(options.count):
            rng = np.random.default_rng((options.seed, number))
            kind = KINDS[number % len(KINDS)]
            film, before, after = random_pair(rng)
            image_count, system, turns = converse(rng, kind, film, before, after)
            names = []
            for position, shapes in enumerate((before, after)[:image_count]):
                names.append(f"{number:05d}-{position}.png")
                Image.fromarray(draw_film(rng, film, shapes)).save(options.out / names[-1])
            spoken = [{"user": turn.user, "expected": turn.expected} for turn in turns]
            lines.write(json.dumps({"kind": kind, "images": names, "system": system, "turns": spoken}) + "\n")


if __name__ == "__main__":
    main()
