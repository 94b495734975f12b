use super::{Run, Workers, of_shell};
use crate::deploy::environment::Environment;
use crate::deploy::text::Text;

fn runs(text: &str) -> Vec<Run> {
    of_shell(&Text::slice(text, 0..text.len()), "sh", false, &Environment::default())
}

/// What a command line starts: `m a.b`, `s app.py`, `sh run.sh`, `x name`, with what is told besides.
fn shown(text: &str) -> String {
    let one = |run: &Run| {
        let program = run.program.as_ref().map_or(String::new(), ToString::to_string);
        let workers = match run.workers {
            None => String::new(),
            Some(Workers::Exactly(count)) => format!(" *{count}"),
            Some(Workers::Several) => " *n".to_owned(),
        };
        let settings = run.settings.as_ref().map_or(String::new(), |settings| format!(" settings={settings}"));
        let directory = run.directory.as_ref().map_or(String::new(), |directory| format!(" in={directory}"));
        let configuration = run.configuration.as_ref().map_or(String::new(), |path| format!(" conf={path}"));
        format!("{program}{workers}{settings}{directory}{configuration}{}", if run.unbuffered { " -u" } else { "" })
    };
    runs(text).iter().map(one).collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(shown(text), *expected, "{text}");
    }
}

#[test]
fn the_interpreter() {
    check(&[
        ("python -m a.b", "module a.b"),
        ("/usr/bin/python3.11 -u -m a.b --x y", "module a.b -u"),
        ("/opt/venv/bin/python -um a", "module a -u"),
        ("python -ma.b", "module a.b"),
        ("python -W ignore -X dev -OO srv/app.py -m no", "script srv/app.py"),
        ("python3 ./app.py", "script app.py"),
        ("PYTHONUNBUFFERED=1 python app.py", "script app.py -u"),
        ("PYTHONUNBUFFERED= python app.py", "script app.py"),
        ("python -c 'from a.b import main; main()'", "module a.b"),
        ("python -", ""),
        ("python", ""),
        ("python --version", ""),
        ("$PYTHON -u -m a", "module a -u"),
        ("$VENV/bin/python $HOME/srv/app.py", "script srv/app.py"),
        ("python $SCRIPT", ""),
        ("python $A.py", ""),
        ("python -m coverage run -m a", "module a"),
        ("coverage run --rcfile x app.py", "script app.py"),
        ("pythonista", "executable pythonista"),
    ]);
}

#[test]
fn servers() {
    check(&[
        ("gunicorn -w 4 -b 0.0.0.0:80 app.wsgi:application", "module app.wsgi *4"),
        ("gunicorn app.wsgi --workers=$N --reload", "module app.wsgi *n"),
        (
            "/opt/venv/bin/gunicorn --reload $OPTIONS -c gunicorn.conf.py --chdir /srv 'app:create_app(1)'",
            "module app in=/srv conf=gunicorn.conf.py",
        ),
        ("WEB_CONCURRENCY=3 gunicorn a", "module a *3"),
        ("python -m gunicorn a.b:c", "module a.b"),
        ("uvicorn --factory pkg.main:app --workers 2", "module pkg.main *2"),
        ("uvicorn $APP", ""),
        ("hypercorn a:b -w 1", "module a *1"),
        ("daphne -b 0.0.0.0 --proxy-headers a.asgi:application", "module a.asgi"),
        ("celery -A proj worker -l info", "module proj *n"),
        ("celery --app=proj.celery:app worker -c1", "module proj.celery *1"),
        ("celery worker -A proj -P gevent -c 100", "module proj"),
        ("celery -A proj beat", "module proj"),
        ("celery -A proj status", ""),
        ("dramatiq a.tasks b.tasks -p 2", "module a.tasks *2, module b.tasks *2"),
        ("rq worker -c settings high low", "module settings *n"),
        ("rq worker high", ""),
        ("waitress-serve --port=80 --call a:create", "module a"),
        ("waitress-serve --app=a:b", "module a"),
        ("huey_consumer.py a.huey -w 4", "module a.huey"),
        ("huey_consumer.py a.huey -k process -w 4", "module a.huey *4"),
        ("arq a.Settings", "module a.Settings"),
        ("taskiq worker a:broker --workers 1", "module a *1"),
        ("fastapi run app/main.py --workers 2", "script app/main.py *2"),
        ("streamlit run --server.port 80 app.py", "script app.py"),
        ("uwsgi --http :80 --master --module a.wsgi:application -p 4", "module a.wsgi *4"),
        ("uwsgi --wsgi-file a/wsgi.py", "script a/wsgi.py"),
        ("twistd -ny srv/a.tac", "script srv/a.tac"),
    ]);
}

#[test]
fn frameworks() {
    check(&[
        ("flask --app a.b run --host x", "module a.b"),
        ("flask run", "module wsgi, module app"),
        ("FLASK_APP=a.py flask run", "script a.py"),
        ("FLASK_APP=a:b python -m flask run", "module a"),
        ("flask db upgrade", ""),
        ("python manage.py runserver 0:80 --settings a.settings", "script manage.py settings=a.settings"),
        ("./manage.py run_worker", "script manage.py"),
        ("DJANGO_SETTINGS_MODULE=a.prod python src/manage.py work", "script src/manage.py settings=a.prod"),
        ("python manage.py migrate && gunicorn a.wsgi", "module a.wsgi"),
        ("django-admin runserver --settings=a.b", "module a.b settings=a.b"),
        ("python -m django runserver --settings=a.b", "module a.b settings=a.b"),
    ]);
}

#[test]
fn programs_that_run_others() {
    check(&[
        ("exec python app.py", "script app.py"),
        ("env A=b python app.py", "script app.py"),
        ("/usr/bin/env -u X PYTHONUNBUFFERED=1 python app.py", "script app.py -u"),
        ("env -S 'python -u' app.py", "script app.py -u"),
        ("env -i A=b gunicorn a:b", "module a"),
        ("nice -n 10 ionice -c2 python app.py", "script app.py"),
        ("/sbin/tini -s -- python app.py", "script app.py"),
        ("tini -- gosu app:app dumb-init -- python -m a", "module a"),
        ("su-exec app python -m a", "module a"),
        ("sudo -u app -E python -m a", "module a"),
        ("timeout -k 5 10 python -m a", "module a"),
        ("poetry run python -m a", "module a"),
        ("poetry install", ""),
        ("pipenv run gunicorn a:b", "module a"),
        ("uv run --with x uvicorn a:b", "module a"),
        ("uv run -m a.b", "module a.b"),
        ("uv run app.py", "script app.py"),
        ("conda run -n env --no-capture-output python -m a", "module a"),
        ("./wait-for-it.sh db:5432 -t 10 -- python -m a", "module a"),
        ("ddtrace-run gunicorn a:b", "module a"),
        ("opentelemetry-instrument --service_name x python app.py", "script app.py"),
        ("start-stop-daemon --start --pidfile x --exec /usr/bin/python3 -- /srv/app.py", "script /srv/app.py"),
        ("watchmedo auto-restart -d . --patterns='*.py' -- celery -A a worker", "module a *n"),
        ("my-service --port 80", "executable my-service"),
        ("/usr/bin/my-service", "executable /usr/bin/my-service"),
        ("./entrypoint.sh web", "shell entrypoint.sh"),
        ("\"$@\"", ""),
        ("$A/bin/serve", "executable bin/serve"),
    ]);
}

#[test]
fn shells() {
    check(&[
        ("sh -c 'python app.py'", "script app.py"),
        ("bash -lc \"cd /srv && exec python -m a\"", "module a in=/srv"),
        ("bash -euo pipefail -c 'python app.py | tee log'", "script app.py"),
        ("su - app -c 'python app.py'", "script app.py"),
        ("sh run.sh", "shell run.sh"),
        ("bash -c", ""),
        ("export PYTHONUNBUFFERED=1; python app.py", "script app.py -u"),
        ("APP=a.b; python -m $APP", "module a.b"),
        ("uvicorn ${APP:-a.main}:app", "module a.main"),
    ]);
    let deep = "sh -c ".repeat(50) + "x";
    assert_eq!(shown(&deep), "");
}

#[test]
fn what_the_shell_does() {
    let first = |text: &str| runs(text).into_iter().next().and_then(|run| run.shell).expect("a run through a shell");
    assert!(first("exec python a.py").exec);
    let piped = first("python a.py | tee log");
    assert!(piped.pipes && !piped.pipefail && !piped.exec);
    assert!(first("set -euo pipefail; python a.py | tee log").pipefail);
    assert!(first("bash -o pipefail -c 'python a.py | tee log'").pipefail);
    assert!(first("python a.py | tee log || true").or_else);
    assert!(first("python a.py; echo done").followed);
    assert!(!first("python a.py\n").followed);
    assert!(first("python a.py &\nwait").background);
    assert_eq!(first("bash -c 'python a.py'").name, "bash");
}

#[test]
fn places() {
    let text = "bash -c \"exec gunicorn -w 2 'a.b:c'\"";
    assert_eq!(&text[runs(text)[0].place.clone()], "'a.b:c'");
    let text = "celery --app=a.b worker";
    assert_eq!(&text[runs(text)[0].place.clone()], "a.b");
}
