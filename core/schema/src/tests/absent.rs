//! What a company says of modules that are switched off rests, and is no mistake.

use super::{lines, world};
use crate::{Origin, Source, load_without};

const OFF: [(&str, &str); 3] = [
    ("module.toml", "module = 'crm'\nversion = '0.1.0'\n[roles.crm_user]"),
    ("lead.toml", "model = 'crm.lead'\n[fields]\nname = { type = 'text' }"),
    ("pipeline.toml", "report = 'crm.pipeline'"),
];

/// What is left of the company's texts beside the small world, or the faults.
fn loaded(company: &[&str]) -> Result<crate::Schema, String> {
    let off: Vec<Source> = OFF
        .iter()
        .map(|(path, text)| Source::new(Origin::Module("crm".to_owned()), *path, *text))
        .collect();
    let mut sources = world();
    let own = company.iter().enumerate();
    sources
        .extend(own.map(|(n, text)| Source::new(Origin::Company, format!("own{n}.toml"), *text)));
    load_without(&sources, &off).map_err(|faults| lines(&faults))
}

#[test]
fn what_is_said_of_it_rests() {
    let schema = loaded(&[
        "extends = 'crm.lead'\n[fields]\nsize = { type = 'integer' }",
        "role = 'rep'\nincludes = ['seller', 'crm_user']\n\
         [grants.'crm.lead']\nread = 'true'\n[grants.party]\nread = 'true'",
        "model = 'own.visit'\n[fields]\nlead = { type = 'link', to = 'crm.lead' }\n\
         notes = { type = 'lines', of = 'own.visit_note' }",
        "model = 'own.visit_note'\n[fields]\nvisit = { type = 'link', to = 'own.visit' }",
        "extends = 'party'\n[fields]\nlead = { type = 'link', to = 'crm.lead' }",
        "extends = 'party'\n[fields]\nsize = { type = 'integer' }\n[access.crm_user]\nread = 'true'",
    ]);
    let schema = schema.unwrap();
    assert_eq!(schema.roles["rep"].includes, ["seller"]);
    assert!(schema.models["party"].access.contains_key("rep"));
    assert!(!schema.models["party"].access.contains_key("crm_user"));
    let fields = &schema.models["party"].fields;
    assert!(fields.contains_key("size") && !fields.contains_key("lead"));
    let own: Vec<&str> =
        schema.models.keys().map(String::as_str).filter(|name| name.contains('.')).collect();
    assert_eq!(own, [""; 0], "what leads to what is off rests too, and what leads to that");
}

#[test]
fn mistakes_stay_mistakes() {
    for (text, wanted) in [
        ("extends = 'crm.laed'", "own0.toml:1:11: there is no model `crm.laed`\n"),
        ("role = 'rep'\nincludes = ['crm_usr']", "own0.toml:2:13: there is no role `crm_usr`\n"),
        (
            "model = 'own.visit'\n[fields]\nlead = { type = 'link', to = 'crm.laed' }",
            "own0.toml:3:1: there is no model `crm.laed`\n",
        ),
    ] {
        assert_eq!(loaded(&[text]).err().as_deref(), Some(wanted));
    }
}

#[test]
fn open_states_are_states() {
    let text =
        "model = 'own.visit'\n[states]\nvalues = ['draft', 'planned', 'done']\nopen = ['planed']";
    let wanted = "own0.toml:4:9: there is no state `planed` (did you mean `planned`?)\n";
    assert_eq!(loaded(&[text]).err().as_deref(), Some(wanted));
    let schema = loaded(&[&text.replace("planed", "planned")]).unwrap();
    let states = schema.models["own.visit"].states.as_ref().unwrap();
    assert_eq!(states.open, ["planned"]);
}
