"""The simulated Web API's methods about forms, the Home tab and the app itself."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel

from sandbox.slack.blocks import checked_view
from sandbox.slack.entities import BOT, BOT_ID, TEAM, TEAM_NAME, Payload
from sandbox.slack.methods.method import JsonObject, Method, NoArgs, method
from sandbox.slack.payloads import view_json
from sandbox.slack.world import World


class _Open(BaseModel):
    trigger_id: str
    view: JsonObject


class _Update(BaseModel):
    view_id: str
    view: JsonObject
    hash: str | None = None


class _Publish(BaseModel):
    user_id: str
    view: JsonObject


def _open(world: World, args: _Open) -> Payload:
    view = world.views.open(args.trigger_id, checked_view(args.view))
    return {"view": view_json(world, view)}


def _push(world: World, args: _Open) -> Payload:
    view = world.views.push(args.trigger_id, checked_view(args.view))
    return {"view": view_json(world, view)}


def _update(world: World, args: _Update) -> Payload:
    view = world.views.update(args.view_id, checked_view(args.view), args.hash)
    return {"view": view_json(world, view)}


def _publish(world: World, args: _Publish) -> Payload:
    view = world.views.publish(args.user_id, checked_view(args.view))
    return {"view": view_json(world, view)}


def _auth_test(world: World, _: NoArgs) -> Payload:
    return {
        "url": world.url("/"),
        "team": TEAM_NAME,
        "user": world.workspace.users[BOT].name,
        "team_id": TEAM,
        "user_id": BOT,
        "bot_id": BOT_ID,
    }


def _open_connection(world: World, _: NoArgs) -> Payload:
    ticket = world.workspace.new_id("S")
    world.tickets.add(ticket)
    address = world.url(f"/socket?ticket={ticket}")
    return {"url": address.replace("http", "ws", 1)}


VIEW_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "views.open": method(_Open, _open),
        "views.push": method(_Open, _push),
        "views.update": method(_Update, _update),
        "views.publish": method(_Publish, _publish),
        "auth.test": method(NoArgs, _auth_test),
        "apps.connections.open": method(NoArgs, _open_connection, app_token=True),
    }
)
