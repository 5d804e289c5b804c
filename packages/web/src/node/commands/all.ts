// Which commands this browser offers: those whose means it has.

import type { Canvas } from "../canvas/canvas-frame.ts";
import { cameraClip, cameraList, cameraSnap, microphoneClip } from "./camera.ts";
import { canvasCommands } from "./canvas-commands.ts";
import type { NodeCommand } from "./command.ts";
import { deviceInfo, deviceStatus } from "./device.ts";
import { systemNotify } from "./notify.ts";
import { locationGet } from "./place.ts";
import { screenRecord } from "./screen.ts";

export function commandsHere(canvas: Canvas): ReadonlyMap<string, NodeCommand> {
  const { mediaDevices, geolocation } = navigator;
  const canRecord = typeof MediaRecorder === "function";
  const commands = [
    ...(mediaDevices ? [cameraList, cameraSnap] : []),
    ...(mediaDevices && canRecord ? [cameraClip, microphoneClip] : []),
    ...(mediaDevices && canRecord && "getDisplayMedia" in mediaDevices ? [screenRecord] : []),
    ...(geolocation ? [locationGet] : []),
    ...(typeof Notification === "function" ? [systemNotify] : []),
    ...[deviceInfo, deviceStatus],
    ...canvasCommands(canvas),
  ];
  return new Map(commands.map((each) => [each.name, each]));
}
