"""The training job and the model server of the flywheel, driven by a job file or a checkpoint folder alone.

`python -m trainer.train JOB.json` runs one training (GRPO or SFT through TRL); `python -m trainer.serve` serves
checkpoints over the OpenAI API. Neither knows what is being trained: prompts and answers are text, rewards come over
HTTP.
"""
