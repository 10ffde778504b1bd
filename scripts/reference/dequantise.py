"""The same GGUF file with its weights in float32: what a quantised file says, without the rounding of quantised products.

    pip install gguf==0.19.0 numpy==2.4.6
    python scripts/reference/dequantise.py QUANTISED.gguf FLOAT32.gguf
"""

import sys

import numpy as np
from gguf import GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize

# Written by GGUFWriter itself, or counts of the file.
OWN = {"GGUF.version", "GGUF.tensor_count", "GGUF.kv_count", "general.architecture", "general.file_type"}

source, target = sys.argv[1:3]
reader = GGUFReader(source)
writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
writer.add_file_type(0)  # all F32
for key, field in reader.fields.items():
    if key in OWN:
        continue
    if field.types[0] == GGUFValueType.ARRAY:
        writer.add_key_value(key, field.contents(), GGUFValueType.ARRAY, sub_type=field.types[-1])
    else:
        writer.add_key_value(key, field.contents(), field.types[0])
for tensor in reader.tensors:
    writer.add_tensor(tensor.name, dequantize(tensor.data, tensor.tensor_type).astype(np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
