/** Runs several tasks at once and merges their steps into one stream. */

/** A task that pushes steps until it ends. */
type Work<Step> = (push: (step: Step) => void) => Promise<void>;

/**
 * Starts all tasks and yields their steps in order of arrival; ends when all have ended. Throws the first error at
 * once; the other tasks are left to their signal.
 */
export async function* mergeStreams<Step>(works: readonly Work<Step>[]): AsyncGenerator<Step> {
  const steps: Step[] = [];
  let wake = Promise.withResolvers<void>();
  let open = works.length;
  let failure: { readonly error: unknown } | undefined;
  const push = (step: Step) => {
    steps.push(step);
    wake.resolve();
  };
  for (const work of works) {
    work(push).then(
      () => {
        open--;
        wake.resolve();
      },
      (error: unknown) => {
        failure ??= { error };
        wake.resolve();
      },
    );
  }
  for (;;) {
    yield* steps.splice(0);
    if (failure) throw failure.error;
    if (open === 0 && steps.length === 0) return;
    await wake.promise;
    wake = Promise.withResolvers<void>();
  }
}
