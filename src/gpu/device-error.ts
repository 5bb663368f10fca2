// The error of the GPU layer: what failed, and how to fix it.

export class DeviceError extends Error {
  override readonly name = "DeviceError";
  /** The exit code of the process if nothing handles the error. */
  readonly exitCode = 3;

  constructor(
    message: string,
    /** How to fix it, in one or more sentences; empty if there is nothing to do. */
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** There is no adapter that Dawn accepts, or it provides no device. */
export class NoAdapter extends DeviceError {}
