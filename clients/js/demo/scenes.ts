/** Ready-made notifications that show what the components can do. */
import type { Submission } from "../src";

export type Scene = Omit<Submission, "to">;

const STEPS = 20;
const STEP_MS = 250;
const FILES = 240;
const BURST = 30;

const file = (name: string) => new URL(name, location.href).pathname;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One notification that fills up in place: all steps have one collapse key. */
async function* progress(): AsyncGenerator<Scene> {
  const collapse_key = `export-${Date.now()}`;
  for (let step = 1; step <= STEPS; step++) {
    yield {
      title: step < STEPS ? "Exporting the caption archive" : "Caption archive exported",
      message: `${(step * FILES) / STEPS} of ${FILES} files`,
      type: "progress_update",
      source: "task_system",
      data: { percent: (step * 100) / STEPS },
      collapse_key,
    };
    await sleep(STEP_MS);
  }
}

async function* burst(): AsyncGenerator<Scene> {
  for (let n = 1; n <= BURST; n++) {
    yield {
      title: `Segment ${n} of ${BURST} is ready`,
      message: "One of many.",
      type: "info",
      source: "task_system",
      priority: "low",
    };
  }
}

const one = (scene: Scene) =>
  async function* () {
    yield scene;
  };

export const SCENES: Readonly<Record<string, () => AsyncGenerator<Scene>>> = {
  "Task complete": one({
    title: "Task complete",
    message: "Your **caption task** has completed: 128 segments.",
    type: "success",
    source: "task_system",
    tags: ["captions"],
    action_url: "/tasks/123",
    action_label: "Open the task",
  }),
  Mention: one({
    title: "Ada mentioned you",
    message: "“Could you look at *chapter 3* before we publish? The `intro` is still too loud.”",
    type: "user_action",
    priority: "high",
    source: "comments",
    sender: { id: "ada", name: "Ada Lovelace", avatar_url: file("ada.svg") },
    actions: [
      { id: "reply", label: "Reply", url: "/comments/7#reply" },
      { id: "later", label: "Not now" },
    ],
  }),
  "With a picture": one({
    title: "Your weekly report is here",
    message: "**34 %** more views than last week. [Read it](https://example.com/report).",
    type: "info",
    source: "reports",
    tags: ["weekly"],
    sender: { id: "grace", name: "Grace Hopper", avatar_url: file("grace.svg") },
    media: { image_url: file("chart.svg") },
  }),
  "Progress bar": progress,
  Security: one({
    title: "New sign-in from Lisbon",
    message: "Firefox on Linux, a moment ago. If that was not you, change your password.",
    type: "security",
    priority: "urgent",
    source: "accounts",
    actions: [{ id: "review", label: "Review", url: "/account/sessions" }],
  }),
  Critical: one({
    title: "Database is almost full",
    message: "**97 %** of the disk is used. Writes stop in about 20 minutes.",
    type: "alert",
    priority: "critical",
    source: "monitoring",
    requires_acknowledgment: true,
  }),
  "Thirty at once": burst,
  "HTML stays text": one({
    title: '<img src=x onerror="alert(1)">',
    message: "<script>alert(2)</script> [never a link](javascript:alert(3)), but **this** is strong.",
    type: "warning",
  }),
};
