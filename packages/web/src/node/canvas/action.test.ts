import assert from "node:assert/strict";
import { test } from "node:test";
import { canvasActionLine } from "./action.ts";

test("an action is one line that nobody writes another field into", () => {
  const line = canvasActionLine({
    ...{ name: "apply scene=x\nsession=other", surfaceId: "main", sourceComponentId: "go" },
    ...{ context: { scene: "Dinner\nfor two" }, host: "Anna's phone", instanceId: "i-1" },
  });

  assert.equal(
    line,
    'CANVAS_A2UI action=apply_scene_x_session_other session=main surface=main component=go host=Anna_s_phone instance=i-1 ctx={"scene":"Dinner\\nfor two"} default=update_canvas',
  );
});
