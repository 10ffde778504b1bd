"""JSON schemas as pydantic 2.14.4 writes them: what people give to `schema`.

    pip install pydantic==2.14.4
    python scripts/reference/json-schemas.py > test/fixtures/schemas/pydantic.json
"""

import enum
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel, conint, conlist, constr


class Side(str, enum.Enum):
    left = "left"
    right = "right"


class Grade(enum.IntEnum):
    none = 0
    mild = 1
    severe = 3


class Finding(BaseModel):
    name: str = Field(max_length=30, description="What is seen")
    side: Side
    certain: bool = False


class Size(BaseModel):
    long: float = Field(ge=0, le=400)
    short: Optional[float] = Field(default=None, gt=0, lt=400)


class Report(BaseModel):
    findings: list[Finding] = Field(max_length=3)
    impression: Annotated[str, Field(max_length=40)]


class Node(BaseModel):
    value: int = Field(ge=0, le=9)
    next: Optional["Node"] = None


class Tree(BaseModel):
    name: Literal["a", "b"]
    children: list["Tree"] = Field(default=[], max_length=2)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: conint(ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    good: bool


class Pet(BaseModel):
    pet: Union[Cat, Dog] = Field(discriminator="kind")


class Plain(BaseModel):
    pet: Union[Cat, Dog]


class Dates(BaseModel):
    day: date
    at: datetime
    hour: time


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", title="A strict one")
    grade: Grade
    flag: Literal[True]
    nothing: None = None


class Identified(BaseModel):
    id: UUID
    code: constr(pattern=r"^[A-Z]{3}-\d{2}$")


class Measures(BaseModel):
    sizes: conlist(Size, min_length=1, max_length=2)
    pair: tuple[int, bool]
    share: Annotated[float, Field(ge=0, le=1)]
    half: Annotated[float, Field(gt=0.5, le=0.75)]


class ByName(BaseModel):
    counts: dict[Side, Annotated[int, Field(ge=0, le=5)]]


class Examples(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"a": 1}], "x-origin": "here"})
    a: int = Field(default=1, examples=[1, 2], deprecated=True, ge=0, le=3, json_schema_extra={"readOnly": True})


class Unions(BaseModel):
    value: Union[int, bool, None] = None
    other: Union[Literal[1, 2], Literal["x"]]


class Wanted(RootModel):
    root: conlist(Side, min_length=1, max_length=3)


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: bool


class Price(BaseModel):
    amount: Decimal = Field(max_digits=4, decimal_places=2)


class Steps(BaseModel):
    dose: Annotated[int, Field(multiple_of=5, ge=0, le=50)]


class Sets(BaseModel):
    sides: set[Side]


class Anything(BaseModel):
    value: Any


class Lasting(BaseModel):
    length: timedelta


models = [Finding, Size, Report, Node, Tree, Pet, Plain, Dates, Strict, Identified, Measures, ByName, Examples, Unions, Wanted, Loose, Price, Steps, Sets, Anything, Lasting]
print("[\n" + ",\n".join(json.dumps({"place": model.__name__, "schema": model.model_json_schema()}) for model in models) + "\n]")
