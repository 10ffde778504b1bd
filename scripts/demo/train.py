"""Trains the demo model from nothing: draws the pool, makes the tokenizer, then runs the stages one after the other.

    python scripts/demo/train.py --out build/demo

About an hour and a half on two cores; --scale 2 takes twice as long over it and gives a better model. The last stage wants a
GPU (--device cuda) with 40 GB of memory, and five minutes more. A stage whose file is there already is skipped, so a stopped
training goes on where it was. Then export.py writes the model files.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

# (name, minutes, rate, kinds asked more or less often). First everything; then the short answers, which have to look up
# one place or one form; then what a second turn and an answer after a thought look up in the text before them; boxes last,
# whose many digits are learned slowest.
LANGUAGE_STAGES = (
    ("all", 14, 2e-3, "compare=2.5,followUp=2,count=1.5,system=1.5,describe=0.5"),
    ("short", 8, 2e-3, "short=3,compare=1.2,followUp=1.2,count=0.7,describe=0.4,where=1.5,think=0.7"),
    ("long", 12, 2e-3, "followUp=4,think=2.5,where=1.5,compare=0.6,count=0.4,describe=0.2,system=0.5"),
    ("last", 12, 1.5e-3, "where=5,describe=0.4,compare=0.8,followUp=0.8,system=0.8,think=0.6,short=0.6"),
)


def run(script, made, **options):
    if made.exists():
        return
    print(f"== {script} -> {made}", flush=True)
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    subprocess.run([sys.executable, str(HERE / script), *arguments], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=20000, help="pairs of films in the pool; 100 kB each on the disk")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the time of every stage but the last")
    parser.add_argument("--device", default="cuda", help="of the last stage")
    options = parser.parse_args()
    out = options.out
    pool, vocabulary, tower = out / "pool", out / "vocabulary", out / "tower.pt"

    run("pool.py", pool / "pairs.pickle", pairs=options.pairs, out=pool)
    run("vocabulary.py", vocabulary / "tokenizer.model", out=vocabulary)
    if not tower.exists():
        unfinished = out / "tower-unfinished.pt"
        run("train_tower.py", tower, pool=pool, minutes=28 * options.scale, rate=2e-3, out=unfinished)
        unfinished.rename(tower)
    start = {"tower": tower}
    for seed, (name, minutes, rate, weights) in enumerate(LANGUAGE_STAGES, start=2):
        unfinished, made = out / f"language-{name}-unfinished.pt", out / f"language-{name}.pt"
        if not made.exists():
            run("train_language.py", made, pool=pool, vocabulary=vocabulary, **start, features=out / "features.pt",
                pairs=options.pairs // 2, minutes=minutes * options.scale, rate=rate, weights=weights, seed=seed,
                out=unfinished)  # fmt: skip
            unfinished.rename(made)
        start = {"resume": made}
    before = out / "before"
    run("export.py", before / "mmproj-F32.gguf", weights=start["resume"], vocabulary=vocabulary, out=before)
    together = out / "together.pt"
    if not together.exists():
        unfinished = out / "together-unfinished.pt"
        run("train_together.py", together, start=before / "huggingface", device=options.device, out=unfinished)
        unfinished.rename(together)


if __name__ == "__main__":
    main()
