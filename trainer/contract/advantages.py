"""What each completion of a step is worth beside the others: the advantages of GRPO and its variants, by rewards alone.

Rewards stand group by group. An item without a reward has advantage 0, and its group is that of the others.
"""

from collections.abc import Sequence

import numpy

from trainer.contract.job import GrpoVariant

EPSILON = 1e-4
"""Added to a spread before it divides, as TRL does."""


def advantages(rewards: Sequence[float | None], group_size: int, variant: GrpoVariant) -> list[float]:
    """Of all of a step's items, over all ranks.

    `baseline` is the mean of the group (GRPO) or of the others in it (RLOO, arXiv 2402.14740); `spread` divides by the
    standard deviation of the group (GRPO) or of the step, or not at all (Dr. GRPO, arXiv 2503.20783).
    """
    scores = numpy.array([numpy.nan if reward is None else reward for reward in rewards]).reshape(-1, group_size)
    scored = ~numpy.isnan(scores)
    counts = scored.sum(1, keepdims=True)
    filled = numpy.where(scored, scores, 0.0)
    means = filled.sum(1, keepdims=True) / counts.clip(1)
    result = numpy.where(scored, scores - means, 0.0)
    if variant.baseline == "leaveOneOut":
        # r − (sum − r) / (n − 1) = (r − mean) · n / (n − 1); alone, an item has nobody to be measured by.
        result = numpy.where(counts > 1, result * counts / (counts - 1).clip(1), 0.0)
    if variant.spread == "group":
        result = result / (deviation(filled, scored, 1) + EPSILON)
    elif variant.spread == "step":
        result = result / (deviation(filled, scored, None) + EPSILON)
    return result.reshape(-1).tolist()


def deviation(filled: numpy.ndarray, scored: numpy.ndarray, axis: int | None) -> numpy.ndarray:
    """The sample's standard deviation of what is scored; 0 where fewer than two are."""
    counts = scored.sum(axis, keepdims=True)
    means = filled.sum(axis, keepdims=True) / counts.clip(1)
    squares = numpy.where(scored, (filled - means) ** 2, 0.0).sum(axis, keepdims=True)
    return numpy.where(counts > 1, numpy.sqrt(squares / (counts - 1).clip(1)), 0.0)


def flat_groups(rewards: Sequence[float | None], group_size: int) -> list[int]:
    """Groups that teach nothing: every reward that there is, is equal."""
    groups = [rewards[start : start + group_size] for start in range(0, len(rewards), group_size)]
    return [index for index, group in enumerate(groups) if len({reward for reward in group if reward is not None}) <= 1]


def other_rows(order: Sequence[int], seed: Sequence[int], count: int) -> list[int]:
    """Rows in place of those whose groups were flat, drawn as the job's datasets are weighted.

    Equal seeds give equal rows: a resumed job asks for the same.
    """
    random = numpy.random.Generator(numpy.random.PCG64(list(seed)))
    return [order[int(place)] for place in random.integers(len(order), size=count)]
