"""Group robots of 企业微信, 钉钉 and 飞书: Apprise's, which here also hear what the vendor answers.

These vendors refuse a message with status 200 and a number in the body (a wrong signature, too many messages a minute,
a keyword that is missing); Apprise looks at the status alone, and a refused message would count as sent. Apprise does not
sign for 飞书 either. Limits are the vendors': 企业微信 2,048 bytes a text and 20 messages a minute, 钉钉 20,000 bytes and 20
a minute, 飞书 20 KB a request, 5 a second.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import requests
from apprise import NotifyType
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot

_OK = 200
_PER_MINUTE = 20


class _Verdict:
    """What the vendor said of the last message, '' when it was taken."""

    refusal: str = ""

    def post(self, address: str, payload: dict[str, Any], **parameters: str) -> bool:
        """Post a message; whether the vendor took it."""
        try:
            answer = requests.post(
                address,
                data=json.dumps(payload, ensure_ascii=False).encode(),  # what is counted is bytes
                headers={"Content-Type": "application/json; charset=utf-8"},
                params=parameters,
                timeout=(10, 30),
                allow_redirects=False,
            )
        except requests.RequestException:
            self.refusal = "连接不上"
            return False
        self.refusal = _read_refusal(answer)
        return not self.refusal


def _read_refusal(answer: requests.Response) -> str:
    """Why a message was not taken: the status, or the number in the body."""
    if answer.status_code != _OK:
        return f"对方返回 HTTP {answer.status_code}"
    try:
        said = answer.json()
        number = said.get("errcode", said.get("code", said.get("StatusCode")))
    except (ValueError, AttributeError):
        return "对方的答复无法识别"
    return "" if number == 0 else f"对方拒收（错误码 {number}）"


class WeComRobot(_Verdict, NotifyWeComBot):
    """``wecombot://<key>``."""

    request_rate_per_sec = 60 // _PER_MINUTE + 1  # seconds between two messages

    def send(
        self, body: str, title: str = "", notify_type: NotifyType = NotifyType.INFO, **kwargs: Any
    ) -> bool:
        self.throttle()
        return self.post(self.api_url, {"msgtype": "text", "text": {"content": body}})


class DingTalkRobot(_Verdict, NotifyDingTalk):
    """``dingtalk://<secret>@<token>``; without a secret the robot must know it by a keyword or an address."""

    request_rate_per_sec = 60 // _PER_MINUTE + 1  # seconds between two messages

    def send(
        self, body: str, title: str = "", notify_type: NotifyType = NotifyType.INFO, **kwargs: Any
    ) -> bool:
        signed = {}
        if self.secret:
            moment = str(round(time.time() * 1000))
            signed = {"timestamp": moment, "sign": _sign(self.secret, f"{moment}\n{self.secret}")}
        self.throttle()
        address = self.notify_url.format(token=self.token)
        return self.post(address, {"msgtype": "text", "text": {"content": body}}, **signed)


class FeishuRobot(_Verdict, NotifyFeishu):
    """``feishu://<token>?secret=<secret>``."""

    request_rate_per_sec = 1
    secret: str = ""

    @staticmethod
    def parse_url(
        url: Any,
        verify_host: Any = False,
        plus_to_space: Any = False,
        strict_port: Any = False,
        sanitize: Any = True,
    ) -> dict[str, Any] | None:
        """As Apprise reads it, with the secret."""
        found = NotifyFeishu.parse_url(url)
        return found and {**found, "secret": found["qsd"].get("secret", "")}

    def __init__(self, token: str, secret: str = "", **others: Any) -> None:
        super().__init__(token, **others)
        self.secret = secret

    def send(
        self, body: str, title: str = "", notify_type: NotifyType = NotifyType.INFO, **kwargs: Any
    ) -> bool:
        payload: dict[str, Any] = {"msg_type": "text", "content": {"text": body}}
        if self.secret:
            moment = str(int(time.time()))
            payload |= {"timestamp": moment, "sign": _sign(f"{moment}\n{self.secret}", "")}
        self.throttle()
        return self.post(self.notify_url.format(token=self.token).rstrip("/"), payload)


def _sign(key: str, text: str) -> str:
    """Both vendors' signature: HMAC-SHA256 in base64, whatever they take for the key."""
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


ROBOTS: dict[str, Any] = {"wecombot": WeComRobot, "dingtalk": DingTalkRobot, "feishu": FeishuRobot}
"""Scheme of an address -> the robot."""
