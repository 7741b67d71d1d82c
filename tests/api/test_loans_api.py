"""Loans and returns for programs."""

from tests.world import HOME


def lend(client, code, person, quantity=1):
    body = {"person": person, "things": [{"code": code, "quantity": quantity}]}
    answer = client.post("/api/v1/loans", json=body)
    assert answer.status_code == 201, answer.json


def give_back(client, status, *things, **more):
    answer = client.post("/api/v1/returns", json={"things": list(things), **more})
    assert answer.status_code == status, answer.json
    return answer.json


def test_a_program_says_whose_loan_comes_back(api, sqlite_world):
    client, batch = api(), sqlite_world.batches[f"{HOME}/01"][0]
    lend(client, batch, "teacher老师", 3)
    lend(client, batch, "technician老师", 2)
    one = {"code": batch, "quantity": 1}
    problem = give_back(client, 409, one)
    assert "teacher老师 3, technician老师 2" in problem["title"]
    give_back(client, 404, one, person="没有这个人")
    give_back(client, 409, one, person="principal老师")
    give_back(client, 201, one, person="technician老师")
    loans = {loan["person"]: loan for loan in client.get("/api/v1/loans").json["loans"]}
    give_back(client, 201, {**one, "loan": loans["teacher老师"]["id"]})
    left = [(loan["person"], loan["left"]) for loan in client.get("/api/v1/loans").json["loans"]]
    assert left == [("technician老师", 1), ("teacher老师", 2)]
    give_back(client, 201, {"code": batch, "quantity": 3})
    assert client.get("/api/v1/loans").json == {"loans": [], "next": None}


def test_loans_page_by_cursor_without_gaps_or_repeats(api, sqlite_world):
    client, seen, cursor = api(), [], ""
    for code in (*sqlite_world.items[f"{HOME}/01"], *sqlite_world.items[f"{HOME}/02"]):
        lend(client, code, "teacher老师")
    for _ in range(5):
        answer = client.get(f"/api/v1/loans?limit=2{cursor}").json
        seen += [loan["code"] for loan in answer["loans"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    lent = [*sqlite_world.items[f"{HOME}/01"], *sqlite_world.items[f"{HOME}/02"]]
    assert len(seen) == len(lent)
    assert set(seen) == set(lent)
