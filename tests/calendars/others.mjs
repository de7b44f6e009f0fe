// What ical.js finds in a calendar object: a JSON string a line in, a JSON document a line out, in order.
import { createInterface } from "node:readline";
import ICAL from "ical.js";

for await (const line of createInterface({ input: process.stdin })) {
  let found;
  try {
    found = read(JSON.parse(line));
  } catch (error) {
    found = `${error}`;
  }
  console.log(JSON.stringify(found));
}

function read(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  const todo = calendar.getFirstSubcomponent("vtodo");
  const value = (name) => todo.getFirstPropertyValue(name) ?? null;
  const rule = value("rrule");
  const trigger = (alarm) => alarm.getFirstPropertyValue("trigger");
  return {
    title: value("summary"),
    description: value("description"),
    due: shown(value("due")),
    priority: value("priority"),
    tags: todo.getAllProperties("categories").flatMap((property) => property.getValues()),
    status: value("status"),
    completed_at: shown(value("completed")),
    parent: value("related-to"),
    rule: rule === null ? null : rule.toString(),
    minutes: todo.getAllSubcomponents("valarm").map((alarm) => -trigger(alarm).toSeconds() / 60),
    order: value("x-apple-sort-order"),
  };
}

function shown(time) {
  if (time === null) return null;
  return time.isDate ? time.toString() : time.convertToZone(ICAL.Timezone.utcTimezone).toString();
}
