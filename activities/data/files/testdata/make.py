"""Writes the fixtures of this folder: small files as PyArrow and Pillow write them.

    python make.py        (needs pyarrow and pillow)
"""
import io, json
import pyarrow as pa, pyarrow.parquet as pq
from PIL import Image


def picture(i, mode="RGB"):
    """3x4 pixels: red 10i+x, green 20i+y, blue 30i."""
    img = Image.new(mode, (4, 3))
    for y in range(3):
        for x in range(4):
            img.putpixel((x, y), (10 * i + x, 20 * i + y, 30 * i))
    return img


def encoded(i, format, **options):
    b = io.BytesIO()
    picture(i).save(b, format, **options)
    return b.getvalue()


names = ["cat", "dog", "owl"]
meta = {"huggingface": json.dumps({"info": {"features": {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}}})}
image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
pq.write_table(
    pa.table({
        "image": pa.array([{"bytes": encoded(i, "PNG"), "path": f"{i}.png"} for i in range(5)], type=image),
        "label": pa.array([0, 2, 1, 0, 1], type=pa.int64()),
    }).replace_schema_metadata(meta),
    "images.parquet", row_group_size=2)
pq.write_table(
    pa.table({
        "input_ids": pa.array([[5 * i + k for k in range(5)] for i in range(4)], type=pa.list_(pa.int32())),
        "labels": pa.array([[-100, 1, 0, i, 1] for i in range(4)], type=pa.list_(pa.int64())),
    }), "tokens.parquet", compression="zstd", data_page_version="2.0")
pq.write_table(
    pa.table({
        "features": pa.array([[i + .5, -i] for i in range(4)], type=pa.list_(pa.float64())),
        "target": pa.array([.25 * i for i in range(4)], type=pa.float32()),
    }), "vectors.parquet", compression="gzip")
open("1.webp", "wb").write(encoded(1, "WEBP", lossless=True))
open("1.bmp", "wb").write(encoded(1, "BMP"))
