"""Other trainers' clients against the reward service: `rewardClients.py URL TOKEN`, URL the job's `…/compat`.

A line of stdin is `[client, itemId, response]`; a line of stdout the reward that the client came to, or what it raised.
OpenRLHF's client is loaded from its own file, past its package, which would import DeepSpeed; slime, which no index
has, is here as aiohttp's exchange of its `remote_rm`.
"""

import asyncio
import importlib
import importlib.util
import json
import sys
import types
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from verifiers.v1.tasksets.nemo_gym.taskset import NeMoGymData, NeMoGymTask, NeMoGymTaskConfig
from verifiers.v1.tasksets.nemo_gym.toolset import NeMoGymState
from verifiers.v1.trace import AgentInfo, MessageNode, Trace, TraceTask
from verifiers.v1.types import AssistantMessage, UserMessage

url, token = sys.argv[1:]
PROMPT = "prove, please"


def with_password(address: str) -> str:
    """For clients that can be given no header."""
    parts = urlsplit(address)
    return parts._replace(netloc=f"job:{token}@{parts.netloc}").geturl()


async def slime(item: str, response: str) -> object:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session:
        payload = {"prompt": PROMPT, "response": response, "label": item}
        async with session.post(with_password(f"{url}/simple"), json=payload) as answer:
            answer.raise_for_status()
            return await answer.json()


def openrlhf_agent() -> types.ModuleType:
    folder = Path(importlib.util.find_spec("openrlhf").submodule_search_locations[0])
    for name, place in (("openrlhf", folder), ("openrlhf.utils", folder / "utils")):
        package = types.ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package
    agent = importlib.import_module("openrlhf.utils.agent")
    # It writes its log to stdout.
    agent.logger.handlers.clear()
    agent.logger.parent.handlers.clear()
    return agent


OPENRLHF = openrlhf_agent()


async def openrlhf(item: str, response: str) -> object:
    executor = OPENRLHF.SingleTurnAgentExecutor(with_password(f"{url}/simple"))
    [answer] = await executor._fetch_rewards_via_http([PROMPT + response], [PROMPT], [item])
    return answer["rewards"][0]


async def verifiers(item: str, response: str) -> object:
    row = {"itemId": item, "responses_create_params": {"input": [{"role": "user", "content": PROMPT}]}}
    headers = {"authorization": f"Bearer {token}"}
    task = NeMoGymTask(
        NeMoGymData(name=item, prompt=PROMPT, row=row),
        NeMoGymTaskConfig(resources_url=f"{url}/nemo-gym", headers=headers),
    )
    trace = Trace.model_construct(
        task=TraceTask.model_construct(type="NeMoGymTask", data=task.data),
        agent=AgentInfo.model_construct(config=None),
        id="a-trace",
        state=NeMoGymState(),
        calls=[],
        info={},
        metrics={},
        mm_token_type_id_map={},
        nodes=[
            MessageNode(message=UserMessage(content=PROMPT)),
            MessageNode(message=AssistantMessage(content=response), sampled=True, parent=0),
        ],
    )
    await task.setup(trace, None)
    return await task.nemo_gym(trace)


CLIENTS = {"slime": slime, "openrlhf": openrlhf, "verifiers": verifiers}
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    client, item, response = json.loads(line)
    try:
        came = asyncio.run(CLIENTS[client](item, response))
    except Exception as error:
        came = type(error).__name__
    print(json.dumps(came), flush=True)
