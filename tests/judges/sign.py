"""Signs webhooks with the providers' own SDKs: what these sign, textrail has to take.

Usage: sign.py BASE_URL COUNT SEED

Prints JSON lines, COUNT a function below (Twilio has two): gateway, method, target (path and query), headers, body (base64), the
signed parts that a flipped byte must spoil (query, body, and names of headers), and the status of the
answer. Where an SDK only verifies (Telnyx, Vonage's JWT), the library beneath it signs, and the SDK has
to agree before the line is printed. Texts are drawn at random, with every character that has ever broken
a signature.
"""

import base64
import hashlib
import json
import random
import string
import sys
import time
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from plivo.utils import signature_v3
from telnyx.lib.webhook_verification import verify_webhook_signature
from twilio.request_validator import RequestValidator
from vonage_http_client.auth import Auth
from vonage_jwt import verify_signature

#: What the gateways of the test server are configured with.
SECRET = "judges-secret-0123456789-0123456789"
#: The private key whose public half the test server knows: the one of RFC 8032, 7.1, test 1.
TELNYX_KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
ALPHABET = string.ascii_letters + string.digits + " +&=%?/.,;:'\"<>[]{}~^|\\€äöüßéñΩя😀❤️\n\t"

BASE, COUNT, RANDOM = sys.argv[1].rstrip("/"), int(sys.argv[2]), random.Random(int(sys.argv[3]))


def text(most=40):
    return "".join(RANDOM.choice(ALPHABET) for _ in range(RANDOM.randint(1, most)))


def word():
    return "".join(RANDOM.choice(string.ascii_lowercase + string.digits) for _ in range(16))


def ascii(most=40):
    return text(most).encode("ascii", "ignore").decode()


def url(gateway, note=None):
    """A callback URL with parameters of its own, as campaign tools put in."""
    note = text(12) if note is None else note
    query = urlencode({"note": note, "page": str(RANDOM.randint(0, 99))}) if RANDOM.random() < 0.5 else ""
    return f"{BASE}/v1/gateways/{gateway}/receipts" + (f"?{query}" if query else "")


def emit(gateway, method, called, headers, body, signed, answer=200):
    parts = urlsplit(called)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    if "query" in signed and not parts.query:
        signed = [part for part in signed if part != "query"]
    print(json.dumps({
        "gateway": gateway, "method": method, "target": target, "headers": headers,
        "body": base64.b64encode(body).decode(), "signed": signed, "answer": answer,
    }))


def twilio():
    called = url("judge-twilio")
    form = {
        "MessageSid": "SM" + word(), "MessageStatus": RANDOM.choice(["sent", "delivered", "undelivered"]),
        "To": "+15005550001", "From": text(11), "Note": text(), "Empty": "",
    }
    signature = RequestValidator(SECRET).compute_signature(called, form)
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
    emit("judge-twilio", "POST", called, headers, urlencode(form).encode(), ["query", "body", "x-twilio-signature"])


def twilio_json():
    """A body that is no form is signed by its hash. No receipt of Twilio's is JSON: verified, then 422."""
    body = json.dumps({"MessageSid": "SM" + word(), "MessageStatus": "sent", "Note": text()}).encode()
    called = f"{BASE}/v1/gateways/judge-twilio/receipts?bodySHA256={hashlib.sha256(body).hexdigest()}"
    validator = RequestValidator(SECRET)
    signature = validator.compute_signature(called, {})
    assert validator.validate(called, body.decode(), signature)
    headers = {"content-type": "application/json", "x-twilio-signature": signature}
    emit("judge-twilio", "POST", called, headers, body, ["query", "body", "x-twilio-signature"], answer=422)


def vonage_sms():
    auth = Auth(api_key="key", signature_secret=SECRET, signature_method="sha256")
    parameters = {
        "msisdn": "14843472194", "to": text(11), "messageId": word().upper(), "status": "delivered",
        "err-code": "0", "scts": "2611181527", "client-ref": text(), "timestamp": str(int(time.time())),
        "nonce": word(), "network-code": "310410", "price": "0.03330000",
    }
    parameters["sig"] = auth.sign_params(dict(parameters)).upper()
    assert auth.check_signature(dict(parameters))
    form = {"content-type": "application/x-www-form-urlencoded"}
    called = f"{BASE}/v1/gateways/judge-vonage-sms/receipts"
    match RANDOM.randint(0, 2):
        case 0:
            emit("judge-vonage-sms", "GET", f"{called}?{urlencode(parameters)}", {}, b"", ["query"])
        case 1:
            emit("judge-vonage-sms", "POST", called, form, urlencode(parameters).encode(), ["body"])
        case _:
            body = json.dumps(parameters, ensure_ascii=False).encode()
            emit("judge-vonage-sms", "POST", called, {"content-type": "application/json"}, body, [])


def vonage_messages():
    body = json.dumps({
        "message_uuid": word(), "to": "14843472194", "from": "13239877404", "channel": "sms",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "status": "delivered", "client_ref": text(),
    }, ensure_ascii=RANDOM.random() < 0.5).encode()
    claims = {
        "iat": int(time.time()), "jti": word(), "iss": "Vonage", "api_key": "key",
        "payload_hash": hashlib.sha256(body).hexdigest(),
    }
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    assert verify_signature(token, SECRET)
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    emit("judge-vonage-messages", "POST", url("judge-vonage-messages"), headers, body, ["body", "authorization"])


def plivo():
    # Plivo's SDK for Python reads bytes as Latin-1, so it agrees with Plivo itself in ASCII only.
    called, nonce = url("judge-plivo", ascii(12)), str(RANDOM.randint(10**19, 10**20))
    form = {
        "MessageUUID": word(), "Status": "delivered", "To": "14155552671", "From": ascii(11), "Units": "1",
        "TotalRate": "0.00350", "MCC": "310", "MNC": "410", "Note": ascii(),
    }
    if RANDOM.random() < 0.5:
        base = signature_v3.construct_post_url(called, dict(form))
        method, body, signed = "POST", urlencode(form).encode(), ["query", "body"]
        target = called
    else:
        base = signature_v3.construct_get_url(called, dict(form))
        target = called + ("&" if "?" in called else "?") + urlencode(form)
        method, body, signed = "GET", b"", ["query"]
    signature = signature_v3.get_signature_v3(SECRET, base, nonce).decode()
    headers = {"x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": nonce}
    if body:
        headers["content-type"] = "application/x-www-form-urlencoded"
    emit("judge-plivo", method, target, headers, body,
         [*signed, "x-plivo-signature-v3", "x-plivo-signature-v3-nonce"])


def telnyx():
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00", time.gmtime())
    body = json.dumps({
        "data": {"event_type": "message.finalized", "id": word(), "occurred_at": now, "record_type": "event", "payload": {
            "id": word(), "direction": "outbound", "from": {"phone_number": "+13115552368"}, "text": text(),
            "to": [{"phone_number": "+14155552671", "status": "delivered", "carrier": text(), "line_type": "Wireless"}],
            "errors": [], "completed_at": now,
        }},
        "meta": {"attempt": 1, "delivered_to": url("judge-telnyx")},
    }, ensure_ascii=RANDOM.random() < 0.5).encode()
    timestamp = str(int(time.time()))
    signature = base64.b64encode(TELNYX_KEY.sign(timestamp.encode() + b"|" + body)).decode()
    headers = {
        "content-type": "application/json", "telnyx-signature-ed25519": signature, "telnyx-timestamp": timestamp,
    }
    public = base64.b64encode(TELNYX_KEY.public_key().public_bytes_raw()).decode()
    verify_webhook_signature(body.decode(), headers, public)
    emit("judge-telnyx", "POST", url("judge-telnyx"), headers, body,
         ["body", "telnyx-signature-ed25519", "telnyx-timestamp"])


for _ in range(COUNT):
    for sign in (twilio, twilio_json, vonage_sms, vonage_messages, plivo, telnyx):
        sign()
