/** What the mail slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { hooks } from "../hooks/slice.ts";

export const mail = defineSlice({
  name: "mail",
  uses: [hooks],
  load: () => import("./mail.ts"),
  open: (gateway, { Mail }) => new Mail(gateway),
});

export const { defineMethod } = mail;
