// Lets the host sleep between looks at a software adapter, which needs the core that looking would take.

/** The longest sleep between two looks, in milliseconds. */
const LONGEST = 2;

/** The part of WebGPU's classes whose promises are long open; `webgpu` hands the classes out as `globals`. */
interface Waiting {
  readonly GPUBuffer: { readonly prototype: Pick<GPUBuffer, "mapAsync"> };
  readonly GPUQueue: { readonly prototype: Pick<GPUQueue, "onSubmittedWorkDone"> };
  readonly GPUDevice: { readonly prototype: Pick<GPUDevice, "createComputePipelineAsync"> };
}

/**
 * Dawn on Node looks for finished work in a busy loop as long as a promise is open, one core at full load. Beside a
 * software adapter on two cores that halves its speed. So while work is waited for, the thread sleeps between looks:
 * at most 2 ms and an eighth of the time waited, so that short work is not delayed.
 */
export function sleepBetweenLooks({ GPUBuffer, GPUQueue, GPUDevice }: Waiting): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  let open = 0;
  let since = 0;
  let looking = false;
  const look = (): void => {
    looking = open > 0;
    if (!looking) return;
    const waited = performance.now() - since;
    if (waited > 1) Atomics.wait(cell, 0, 0, Math.min(LONGEST, waited / 8));
    setImmediate(look);
  };
  const during = <T>(promise: Promise<T>): Promise<T> => {
    open++;
    since = performance.now();
    if (!looking) {
      looking = true;
      setImmediate(look);
    }
    const done = (): void => {
      open--;
      since = performance.now();
    };
    promise.then(done, done);
    return promise;
  };
  const { mapAsync } = GPUBuffer.prototype;
  const { onSubmittedWorkDone } = GPUQueue.prototype;
  const { createComputePipelineAsync } = GPUDevice.prototype;
  GPUBuffer.prototype.mapAsync = function (...range) {
    return during(mapAsync.apply(this, range));
  };
  GPUQueue.prototype.onSubmittedWorkDone = function () {
    return during(onSubmittedWorkDone.apply(this));
  };
  GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
    return during(createComputePipelineAsync.call(this, descriptor));
  };
}
