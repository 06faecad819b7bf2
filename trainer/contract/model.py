"""The base of what is read and written: keys are camelCase on disk and snake_case here; no type is coerced."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Read(BaseModel):
    """A part of a file that others write: every field is known, and of its very type."""

    model_config = ConfigDict(alias_generator=to_camel, strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Written(Read):
    """A part of a file that others read, put together here by its fields' names."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    def to_json(self, indent: int | None = None) -> str:
        """Fields that are None are left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True, indent=indent)
