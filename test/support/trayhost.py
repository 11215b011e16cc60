"""Shows tray icons to a test: a StatusNotifierWatcher and host on the session bus.

It writes a JSON object a line. {"item": NAME} tells that a program has shown its icon, and
{"item": null} that the icon is gone. Each line that it reads is a command, and answered, in the
order of the commands, by {"reply": ...} or {"error": MESSAGE}:

  {"do": "icon"}                    what the icon looks like, and says
  {"do": "menu"}                    the entries of its menu
  {"do": "click", "label": TEXT}    clicks the entry with that label, or with that text in it
  {"do": "activate"}                clicks the icon itself
"""

import hashlib
import json
import struct
import sys

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

WATCHER = "org.kde.StatusNotifierWatcher"
HOST = "org.kde.StatusNotifierHost-test"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"
TIMEOUT = 5


def tell(**message):
    print(json.dumps(message), flush=True)


def read_png(name):
    """The width, the height and the bytes of an image that is not in a theme."""
    try:
        with open(f"{name}.png", "rb") as file:
            data = file.read()
    except OSError:
        return 0, 0, b""
    return *struct.unpack(">II", data[16:24]), data


class Watcher(dbus.service.Object):
    """Whom programs tell of their icons. The last one told of is the one that commands are for."""

    def __init__(self, bus):
        self.bus = bus
        self.items = []  # (owner, path), as they came
        super().__init__(bus, "/StatusNotifierWatcher")

    @property
    def current(self):
        if not self.items:
            raise LookupError("no program shows a tray icon")
        return self.items[-1]

    @dbus.service.method(WATCHER, in_signature="s", sender_keyword="sender")
    def RegisterStatusNotifierItem(self, service, sender):
        # Some give the path of their item, the others the name of a bus connection.
        owner, path = service, "/StatusNotifierItem"
        if service.startswith("/"):
            owner, path = sender, service
        if (owner, path) in self.items:
            return
        self.items.append((owner, path))
        self.bus.watch_name_owner(owner, lambda now: now or self.forget(owner, path))
        self.StatusNotifierItemRegistered(owner + path)
        tell(item=owner + path)

    def forget(self, owner, path):
        if (owner, path) in self.items:
            self.items.remove((owner, path))
            self.StatusNotifierItemUnregistered(owner + path)
            tell(item="".join(self.items[-1]) if self.items else None)

    @dbus.service.method(WATCHER, in_signature="s")
    def RegisterStatusNotifierHost(self, service):
        self.StatusNotifierHostRegistered()

    @dbus.service.signal(WATCHER, signature="s")
    def StatusNotifierItemRegistered(self, service):
        pass

    @dbus.service.signal(WATCHER, signature="s")
    def StatusNotifierItemUnregistered(self, service):
        pass

    @dbus.service.signal(WATCHER)
    def StatusNotifierHostRegistered(self):
        pass

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return self.GetAll(interface)[name]

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        items = [owner + path for owner, path in self.items]
        return {
            "RegisteredStatusNotifierItems": dbus.Array(items, signature="s"),
            "IsStatusNotifierHostRegistered": True,
            "ProtocolVersion": dbus.Int32(0),
        }


class Host:
    """What a person does with the icon, and sees of it."""

    def __init__(self, bus, watcher):
        self.bus = bus
        self.watcher = watcher

    def call(self, interface, method, *args, path=None):
        owner, item = self.watcher.current
        proxy = self.bus.get_object(owner, path or item, introspect=False)
        return proxy.get_dbus_method(method, interface)(*args, timeout=TIMEOUT)

    def properties(self):
        return self.call(PROPERTIES, "GetAll", ITEM)

    def icon(self):
        found = self.properties()
        title, tip = (found.get("ToolTip") or ("", [], "", ""))[2:4]
        # The image itself, or where it is: for GNOME, Electron writes a file for each new image.
        place = found.get("IconThemePath"), found.get("IconName")
        name = "/".join(part for part in place if part)
        width, height, pixels = max(found.get("IconPixmap") or [read_png(name)])
        return {
            "title": found.get("Title", ""),
            "status": found.get("Status", ""),
            "tooltip": "\n".join(text for text in (title, tip) if text),
            "name": name,
            "width": width,
            "height": height,
            "hash": hashlib.sha256(bytes(pixels)).hexdigest()[:16] if pixels else "",
        }

    def activate(self):
        self.call(ITEM, "Activate", 0, 0)

    def menu(self):
        """The entries that are seen, with those of submenus: all at once, as they are together."""
        path = self.properties()["Menu"]
        try:
            self.call(MENU, "AboutToShow", dbus.Int32(0), path=path)
        except dbus.DBusException:
            # As desktops do: a menu that is being made anew has nothing to prepare.
            pass
        every = dbus.Array([], signature="s")
        whole = dbus.Int32(0), dbus.Int32(-1)
        return self.entries(self.call(MENU, "GetLayout", *whole, every, path=path)[1])

    def entries(self, layout):
        below = [entry for entry in layout[2] if entry[1].get("visible", True)]
        return [self.entry(*entry) for entry in below]

    def entry(self, id, found, below):
        # One underscore marks the letter to press, two are one.
        label = found.get("label", "").replace("__", "\0").replace("_", "").replace("\0", "_")
        return {
            "id": int(id),
            "type": found.get("type", "standard"),
            "label": label,
            "enabled": bool(found.get("enabled", True)),
            "toggle": found.get("toggle-type", ""),
            "checked": found.get("toggle-state", -1) == 1,
            "entries": self.entries((id, found, below)),
        }

    def click(self, label):
        entries = list(flat(self.menu()))
        named = [entry for entry in entries if entry["label"] == label]
        named = named or [entry for entry in entries if label in entry["label"]]
        if len(named) != 1:
            labels = ", ".join(repr(entry["label"]) for entry in entries if entry["label"])
            raise LookupError(f"{len(named)} entries have {label!r} among: {labels}")
        if not named[0]["enabled"]:
            raise LookupError(f"the entry {label!r} is disabled")
        event = dbus.Int32(named[0]["id"]), "clicked", dbus.String("", variant_level=1)
        self.call(MENU, "Event", *event, dbus.UInt32(0), path=self.properties()["Menu"])


def flat(entries):
    for entry in entries:
        yield entry
        yield from flat(entry["entries"])


def main():
    DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    watcher = Watcher(bus)
    host = Host(bus, watcher)
    actions = {name: getattr(host, name) for name in ("icon", "menu", "click", "activate")}
    loop = GLib.MainLoop()
    # Both last as long as the program: a name is given back when its object is collected.
    names = [dbus.service.BusName(name, bus) for name in (WATCHER, HOST)]

    def command(stdin, condition):
        line = stdin.readline()
        if not line:
            loop.quit()
            return False
        arguments = json.loads(line)
        try:
            tell(reply=actions[arguments.pop("do")](**arguments))
        except (LookupError, dbus.DBusException) as error:
            tell(error=str(error))
        return True

    GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, command)
    tell(item=None)
    loop.run()
    del names


main()
