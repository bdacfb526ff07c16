//! A call that was kept, as a fixture for `fondaco plugin test`: what the plugin was told stands there as
//! records, without what is not for everybody (`redaction`), and what must come of it is what the same version
//! says to that. So whoever writes the plugin has the case on his own desk, and nobody's name.
//! INVARIANT: what is handed out was read back by the reader of fixtures, and holds.

mod given;
mod then;

use std::sync::Arc;

use fondaco_schema::fixture::{Fixture, Then, spelled};
use fondaco_schema::plugin::{Grants, Hook};
use fondaco_schema::{Origin, Schema, Source, fixture};
use fondaco_values::AnyId;

use super::recorder::Content;
use super::talk::{Answer, Effect, Failed, Page, Ruling, Word};
use super::telling::{self, CallLine};
use super::{Installed, lifecycle, redaction};
use crate::{Ctx, Error, Kernel, Result};
use given::Builder;

/// A call as the text of a fixture.
///
/// # Errors
/// `Conflict` when the call was too large to be kept, or cannot be said as a fixture; `Forbidden` for whoever is
/// no administrator.
pub async fn fixture_of(kernel: &Kernel, ctx: &Ctx, name: &str, call: AnyId) -> Result<String> {
    let (kept, line, mut content) = telling::kept(kernel, ctx, name, call).await?;
    let ready = lifecycle::ready(kernel, &kept, telling::version_of(&kept, &line)?).await?;
    let schema = kernel.registry().schema.clone();
    let redacted = redaction::redact(&mut content, &schema);
    let digest = ready.digest.clone();
    let grants = Grants::all_of(&ready.manifest);
    let plugin = Arc::new(Installed { manifest: ready.manifest.clone(), grants, digest });
    let case = Case { kernel, schema: &schema, plugin, line, redacted };
    case.written(&content).await
}

/// A call that becomes a fixture.
struct Case<'k> {
    kernel: &'k Kernel,
    schema: &'k Schema,
    plugin: Arc<Installed>,
    line: CallLine,
    redacted: usize,
}

impl Case<'_> {
    async fn written(&self, content: &Content) -> Result<String> {
        let mut made = self.asked(content)?;
        let question = spelled::question(&made);
        let plugins = self.kernel.shared().plugins.clone();
        let read =
            self.read(&format!("{question}{}", then::anything(self.hook(content)?.point)))?;
        let (outcome, done) = plugins.say(&self.plugin, &read).await;
        let head = self.head(content, &outcome);
        if let Err(failure) = &outcome
            && failure.kind != Failed::Gave
        {
            // It fell, and what it should say only its author knows.
            let place = then::anything(self.hook(content)?.point);
            return Ok(format!("{head}{question}{place}"));
        }
        // What the answer is about has a name too.
        given::name_targets(&mut made, &outcome, &done);
        let text =
            format!("{head}{}{}", spelled::question(&made), then::text(&made, &outcome, &done));
        let fixture = self.read(&text)?;
        match plugins.hold(&self.plugin, &[fixture]).await.pop() {
            None => Ok(text),
            Some((_, report)) => Err(unfit(&report)),
        }
    }

    fn hook(&self, content: &Content) -> Result<&Hook> {
        let hook = self.plugin.manifest.hooks.get(&content.call.hook);
        hook.ok_or_else(|| Error::not_found("hook", &content.call.hook))
    }

    /// What is there, and what is asked.
    fn asked(&self, content: &Content) -> Result<Fixture> {
        let mut builder = Builder::new(self.schema, self.hook(content)?);
        builder.given.now = content.call.now;
        builder.given.language.clone_from(&content.call.language);
        builder.settings(&self.plugin.manifest, &content.grants);
        let question = builder.question(&content.call.ask);
        content.heard.iter().flatten().for_each(|heard| builder.heard(heard));
        let CallLine { id, version, outcome, .. } = &self.line;
        Ok(Fixture {
            name: format!("Call {id} of {} {version}: {outcome}", self.plugin.manifest.id),
            path: format!("call-{id}.toml"),
            given: builder.given,
            hook: content.call.hook.clone(),
            question,
            then: Then::default(),
        })
    }

    fn read(&self, text: &str) -> Result<Fixture> {
        let source = Source::new(Origin::Company, "fixture.toml", text);
        let read = fixture(&source, &self.plugin.manifest, Some(self.schema));
        read.map_err(|faults| {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            unfit(&told.join("\n"))
        })
    }

    /// What whoever opens the file should know.
    fn head(&self, content: &Content, outcome: &Word<Answer>) -> String {
        let CallLine { at, version, outcome: word, reason, .. } = &self.line;
        let mut head = format!(
            "# A call of {} {version} on {at:.0}: {word}. Put this file into fixtures/.\n",
            self.plugin.manifest.id
        );
        if self.redacted > 0 {
            head.push_str(&format!(
                "# {} values are not for everybody and stand here as others of their kind.\n",
                self.redacted
            ));
        }
        let fell = |outcome: &Word<Answer>| {
            outcome.as_ref().err().filter(|failure| failure.kind != Failed::Gave).cloned()
        };
        match (fell(&content.outcome), fell(outcome)) {
            (_, Some(failure)) => head.push_str(&format!(
                "# It fails here as well: {}. Say below what it is to answer, and mend it.\n",
                failure.message
            )),
            (Some(_), None) => head.push_str(&format!(
                "# With the values that it was told it failed: {reason}. With these it does not.\n"
            )),
            (None, None) => {}
        }
        head.push('\n');
        head
    }
}

fn unfit(report: &str) -> Error {
    let message = format!("This call cannot be said as a fixture that holds.\n{report}");
    Error::Conflict { code: "no_fixture", message }
}

/// Every effect of an answer.
fn effects<'a>(outcome: &'a Word<Answer>, done: &'a [Effect]) -> Vec<&'a Effect> {
    let own: &[Effect] = match outcome {
        Ok(
            Answer::Ruling(Ruling::Hold { effects, .. })
            | Answer::Effects(effects)
            | Answer::Done { effects, .. }
            | Answer::Page(Page { effects, .. }),
        ) => effects,
        _ => &[],
    };
    own.iter().chain(done).collect()
}
