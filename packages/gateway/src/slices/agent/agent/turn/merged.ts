/** Several pieces of work at once, their steps as one stream. */

/** A piece of work that hands out steps until it ends. */
type Work<Step> = (push: (step: Step) => void) => Promise<void>;

/**
 * Starts all the work and yields its steps in the order in which they come; ends when all of it has ended. Throws the
 * first error as soon as it happens; the other pieces are left to their signal.
 */
export async function* merged<Step>(works: readonly Work<Step>[]): AsyncGenerator<Step> {
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
