// The one error of the GPU layer: what failed, and what a user can do about it.

export class DeviceError extends Error {
  override readonly name = "DeviceError";
  /** What the process ends with when nothing handles this. */
  readonly exitCode = 3;

  constructor(
    message: string,
    /** One or more sentences that say what to do; empty if there is nothing to do. */
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** No adapter is there that Dawn accepts, or it gives no device. */
export class NoAdapter extends DeviceError {}
