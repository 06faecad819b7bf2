"""verl's reward manager: our judges by way of the reward service. Runs in verl's reward workers."""

import os
from pathlib import Path
from typing import Any

from verl import DataProto
from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase

from trainer.contract.job import parse_job, read_json
from trainer.engines.verl.judging import Judge, asking, chats_of
from trainer.engines.verl.place import Place


class FlywheelRewards(RewardManagerBase):
    def __init__(self, config: Any, tokenizer: Any, compute_score: Any = None, **_: Any):
        super().__init__(config, tokenizer, compute_score)
        job = parse_job(read_json(Path(os.environ["FLYWHEEL_VERL_JOB"])))
        place = Place(job.output.folder)
        self.judge = Judge(job, place, chats_of(job, tokenizer), asking(job, place))

    async def run_single(self, data: DataProto) -> dict[str, Any]:
        item = data[-1:][0]
        responses = item.batch["responses"]
        length = int(item.batch["attention_mask"][-responses.shape[-1] :].sum())
        said = await self.judge.reward(item.non_tensor_batch["extra_info"], responses[:length].tolist())
        return {"reward_score": said["score"], "reward_extra_info": said}
