"""Makes and verifies macaroons with pymacaroons: JSON commands, one a line, in; JSON answers out."""
import base64
import json
import sys

from pymacaroons import MACAROON_V1, MACAROON_V2, Macaroon, Verifier
from pymacaroons.serializers import BinarySerializer, JsonSerializer


def mint(command):
    version = MACAROON_V1 if command["version"] == 1 else MACAROON_V2
    macaroon = Macaroon(
        location=command["location"], identifier=command["identifier"], key=command["key"], version=version
    )
    for caveat in command["caveats"]:
        if "location" in caveat:
            macaroon.add_third_party_caveat(caveat["location"], caveat["key"], caveat["id"])
        else:
            macaroon.add_first_party_caveat(caveat["id"])
    return macaroon


def answer(command):
    if command["do"] == "mint":
        macaroon = mint(command)
        discharges = [macaroon.prepare_for_request(mint(d)) for d in command.get("discharges", [])]
        return {
            "binary": [m.serialize(BinarySerializer()) for m in [macaroon, *discharges]],
            "json": macaroon.serialize(JsonSerializer()),
            "signature": macaroon.signature,
        }
    macaroon, *discharges = [Macaroon.deserialize(text) for text in command["binary"]]
    verifier = Verifier()
    verifier.satisfy_general(lambda caveat: True)
    try:
        return {"genuine": verifier.verify(macaroon, command["key"], discharges)}
    except Exception as error:  # pylint: disable=broad-except
        return {"genuine": False, "error": type(error).__name__}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
