/** Ctrl-C and SIGTERM as an AbortSignal: the first asks the work to stop, the second ends the process at once. */

export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  // It stays registered after the first signal: `signal-exit`, which node-llama-cpp brings along, ends the process when it
  // finds itself the only listener.
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      release();
      process.kill(process.pid, signal);
    }
    controller.abort();
  };
  const release = () => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return { signal: controller.signal, [Symbol.dispose]: release };
}
