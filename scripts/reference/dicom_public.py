"""What pydicom makes of every test file that it publishes: the other half of a comparison with compare-dicom.mjs.

    python scripts/reference/dicom_public.py --out /tmp/dicom-public
    node scripts/reference/compare-dicom.mjs /tmp/dicom-public/pictures.json

The files come with pydicom and pydicom-data; they are too many to keep here.
"""

import argparse
import json
import logging
import warnings
from pathlib import Path

from dicom_picture import picture
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_files

LOSSY = {f"1.2.840.10008.1.2.4.{end}" for end in ("50", "51", "81", "91", "203")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    rows = []
    for path in map(Path, get_testdata_files()):
        if not path.is_file() or path.suffix in (".txt", ".json", ".dump", ".icc", ".gz"):
            continue
        row = {"file": str(path), "frame": 1}
        try:
            dataset = dcmread(path, force=True)
            row["syntax"] = str(dataset.file_meta.get("TransferSyntaxUID", "")) if hasattr(dataset, "file_meta") else ""
            row |= {"lossy": row["syntax"] in LOSSY, "kind": f"{dataset.get('PhotometricInterpretation')} {dataset.get('BitsStored')}"}
            for frame in (1, 2)[: int(dataset.get("NumberOfFrames") or 1)]:
                name = f"{len(rows):03d}-{path.stem}.png"
                Image.fromarray(picture(dataset, frame - 1)).save(out / name)
                rows.append(row | {"frame": frame, "expected": name})
        except Exception as error:
            rows.append(row | {"error": str(error).splitlines()[0][:200]})
    (out / "pictures.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
