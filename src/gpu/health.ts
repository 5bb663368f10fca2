// Watches a device, so that a failure rejects everything that waits for it at once, instead of hanging.
import { DeviceError } from "./device-error.js";

export interface Health {
  /** Throws the first failure, if any. A device that failed stays failed. */
  check(): void;
  /** The promise's value, or the device's failure as soon as it is known. A rejection becomes a DeviceError. */
  guard<T>(promise: Promise<T>): Promise<T>;
  /** Stops watching. Pending waits are rejected with the reason. */
  close(reason: DeviceError): void;
}

const LOST_REMEDY =
  "Resume from the last checkpoint. If it happens again, look for driver messages (dmesg), or try --adapter swiftshader.";

/** Converts anything that WebGPU threw into a DeviceError. */
export function deviceErrorFrom(error: unknown, during: string): DeviceError {
  if (error instanceof DeviceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DeviceError(`${during}: ${message.trim() || "the device gave no reason"}`, "", { cause: error });
}

function uncaptured(error: GPUError): DeviceError {
  const memory = /memory/i.test(error.constructor.name);
  return memory
    ? new DeviceError(`The device ran out of memory: ${error.message.trim()}`, "Use a smaller batch or length.")
    : new DeviceError(`The device refused a command: ${error.message.trim()}`, "This is a fault in mom's kernels.");
}

export function watch(device: GPUDevice): Health {
  let failure: DeviceError | undefined;
  const waiting = new Set<(reason: DeviceError) => void>();
  const fail = (reason: DeviceError) => {
    failure ??= reason;
    for (const reject of [...waiting]) reject(failure);
  };
  const onError = (event: GPUUncapturedErrorEvent) => {
    event.preventDefault();
    fail(uncaptured(event.error));
  };
  device.addEventListener("uncapturederror", onError);
  device.lost.then(({ reason, message }) => {
    const why =
      reason === "destroyed" ? "it was destroyed while in use" : message.trim() || "the driver gave no reason";
    fail(new DeviceError(`The device was lost: ${why}.`, LOST_REMEDY));
  });

  return {
    check() {
      if (failure !== undefined) throw failure;
    },
    guard<T>(promise: Promise<T>) {
      const guarded = new Promise<T>((resolve, reject) => {
        if (failure === undefined) waiting.add(reject);
        else reject(failure);
        promise.then(
          (value) => {
            waiting.delete(reject);
            resolve(value);
          },
          // A lost device rejects the operation just before `lost` resolves with the reason, so wait for the reason.
          (error: unknown) =>
            setTimeout(() => {
              waiting.delete(reject);
              reject(deviceErrorFrom(error, "The device failed"));
            }, 0),
        );
      });
      // A failure reaches the code that awaits it; a promise that is no longer awaited must not end the process.
      guarded.catch(() => {});
      return guarded;
    },
    close(reason) {
      device.removeEventListener("uncapturederror", onError);
      fail(reason);
    },
  };
}
