// What can be done with a session, as the menu beside it: rename, pin, put away, save, delete.

import { ask } from "../chat/dialog.ts";
import { archiveIcon, fileIcon, pencilIcon, pinIcon, trashIcon } from "../chat/icons.ts";
import { openMenu } from "../chat/menu.ts";
import type { Session } from "../conversation/sessions.ts";
import type { Store } from "../store/store.ts";
import { t } from "../words/t.ts";

/** Opens the menu at a button. `isAway` says that the session was put away. */
export function openSessionMenu(store: Store, session: Session, button: HTMLElement, isAway: boolean): void {
  const { key, title, isPinned } = session;
  const { sessions } = store;
  const isMain = key === store.state.mainKey;
  const mark = (change: { pinned?: boolean; archived?: boolean }) => () => sessions.mark(key, change);
  const exportAs = (format: "markdown" | "json") => () => sessions.export(key, title, format);
  const mayChange = store.may("admin");
  const marks = [
    { label: isPinned ? t("Unpin") : t("Pin"), icon: pinIcon, run: mark({ pinned: !isPinned }) },
    ...(isMain
      ? []
      : [{ label: isAway ? t("Bring back") : t("Archive"), icon: archiveIcon, run: mark({ archived: !isAway }) }]),
  ];
  const end = isMain
    ? { label: t("Begin anew"), icon: trashIcon, isDanger: true, run: () => startAfresh(store, key) }
    : { label: t("Delete"), icon: trashIcon, isDanger: true, run: () => sessions.leave(key) };
  openMenu(button, t("Actions for {0}", title), [
    ...(mayChange ? [{ label: t("Rename"), icon: pencilIcon, run: () => rename(store, session) }] : []),
    ...(sessions.canPutAway ? marks : []),
    ...(sessions.canExport
      ? [
          { label: t("Save as Markdown"), icon: fileIcon, run: exportAs("markdown") },
          { label: t("Save as JSON"), icon: fileIcon, run: exportAs("json") },
        ]
      : []),
    ...(mayChange ? [end] : []),
  ]);
}

async function rename({ sessions }: Store, { key, title, label }: Session): Promise<void> {
  const name = await ask({
    title: t("Rename “{0}”", title),
    text: t("An empty name brings the automatic one back."),
    input: { label: t("Name"), value: label ?? "", maxLength: 64 },
    confirm: t("Rename"),
  });
  if (name !== undefined) await sessions.rename(key, name);
}

/** The main conversation always exists; it can begin anew. */
async function startAfresh({ sessions }: Store, key: string): Promise<void> {
  const answer = await ask({
    title: t("Begin the main conversation anew?"),
    text: t("The agent forgets what was said in it. You can still read it above."),
    confirm: t("Begin anew"),
    isDanger: true,
  });
  if (answer !== undefined) await sessions.reset(key);
}
