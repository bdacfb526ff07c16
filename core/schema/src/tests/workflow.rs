//! A company's changes to the states and actions of a model that it did not declare.

use super::{lines, world};
use crate::{Model, Origin, Source, load};

fn order(text: &str) -> Result<Model, String> {
    let mut sources = world();
    let text = format!("workflow = 'order'\n{text}");
    sources.push(Source::new(Origin::Company, "w.toml", text));
    let schema = load(&sources).map_err(|faults| lines(&faults))?;
    Ok(schema.models["order"].as_ref().clone())
}

#[test]
fn states_and_actions_are_added_and_made_stricter() {
    let model = order(
        "[states]\nvalues = ['draft_checked', { value = 'held', label = 'On hold' }]\nopen = ['held']\n\
         [actions.check]\nfrom = ['draft']\nto = 'draft_checked'\n\
         [actions.confirm]\nlabel = 'Confirm at last'\nfrom = ['draft_checked']\n\
         require = 'total < 1000.0'\nrefusal = 'Ask the chief.'",
    )
    .unwrap();
    let states = model.states.as_ref().unwrap();
    assert_eq!(states.values, ["draft", "confirmed", "draft_checked", "held"]);
    assert_eq!((states.labels["held"].as_str(), states.initial.as_str()), ("On hold", "draft"));
    assert_eq!(states.open, ["held"]);
    assert_eq!(model.actions["check"].to.as_deref(), Some("draft_checked"));
    let confirm = &model.actions["confirm"];
    assert_eq!(
        (confirm.label.as_str(), &*confirm.from),
        ("Confirm at last", &["draft_checked".to_owned()][..])
    );
    assert_eq!(confirm.to.as_deref(), Some("confirmed"), "where it leads stays the module's");
    let require = confirm.require.as_ref().unwrap();
    assert_eq!(require.source, "(size(lines) > 0) && (total < 1000.0)", "both must hold");
    assert_eq!(confirm.refusal.as_deref(), Some("Ask the chief."));
    assert!(confirm.number);
}

#[test]
fn what_the_module_relies_on_stays() {
    for (text, wanted) in [
        ("[actions.confirm]\nto = 'draft'", "3:1: unknown key `to`"),
        ("[states]\nvalues = ['draft']", "2:1: `order` has the state `draft` already"),
        ("[states]\nvalues = ['x']\ninitial = 'x'", "4:1: unknown key `initial`"),
        ("[actions.confirm]\nfrom = ['drat']", "3:9: there is no state `drat`"),
        ("[actions.confirm]\nrequire = 'totl > 1'", "3:11: "),
        ("[actions.confirm]\nrefusal = 'No.'", "2:1: `refusal` goes with `require`"),
    ] {
        let refused = order(text).unwrap_err();
        assert!(refused.starts_with(&format!("w.toml:{wanted}")), "{text}\n{refused}");
    }
    let mut sources = world();
    sources.push(Source::new(Origin::Company, "w.toml", "workflow = 'ordr'"));
    let refused = lines(&load(&sources).unwrap_err());
    assert!(refused.contains("there is no model `ordr` (did you mean `order`?)"), "{refused}");
}

#[test]
fn a_company_adds_200_fields_to_a_model_at_most() {
    let fields = |many: usize| {
        let fields: Vec<String> =
            (0..many).map(|n| format!("f{n} = {{ type = 'text' }}\n")).collect();
        let text = format!("extends = 'party'\n[fields]\n{}", fields.concat());
        let mut sources = world();
        sources.push(Source::new(Origin::Company, "p.toml", text));
        load(&sources).map(drop).map_err(|faults| lines(&faults))
    };
    assert_eq!(fields(200), Ok(()));
    let refused = fields(201).unwrap_err();
    assert!(refused.starts_with("p.toml:203:"), "{refused}");
    assert!(refused.contains("200 fields to a model at most"), "{refused}");
}
